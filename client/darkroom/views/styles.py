"""Recipes for requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from darkroom.views.view import View


class WorksWith(View):
    """What a style is for. What is left out, or empty, limits nothing."""

    #: Ids of models that it is for.
    models: list[str] = Field(default_factory=list)
    #: Ids of models that it is not for, whatever else fits.
    not_models: list[str] = Field(default_factory=list)
    #: Families of models, such as `flux` or `stable-diffusion-xl`.
    families: list[str] = Field(default_factory=list)
    #: Tasks of a model.
    tasks: list[str] = Field(default_factory=list)
    #: True: only for requests with a picture to draw from, `image` or `control_image`.
    picture: bool = False


class Style(View):
    """A style, and the models that it works with."""

    #: What a request names as its `style`.
    name: str
    #: False: it is the account's own.
    is_built_in: bool
    title: str
    description: str
    #: The frame: the prompt of a request takes the place of `{prompt}`.
    prompt: str
    #: Comes after that of a request.
    negative_prompt: str
    #: Defaults of what a request leaves out.
    parameters: dict[str, Any]
    #: What it is for; what is empty limits nothing.
    works_with: WorksWith = Field(alias="for")
    #: A prompt that shows what it is good for.
    example: str
    #: The models of this deployment that it works with, and the tasks of each.
    models: dict[str, list[str]]
    #: Null: it is one of the deployment's.
    created_at: datetime | None = None
    updated_at: datetime | None = None
