"""The blueprint of the style operations, and how they show a style."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.v1 import build_blueprint
from core.catalog import Task
from core.jobs.styles.fit import WayToDraw, list_fitting
from core.jobs.styles.style import Style, WorksWith

styles_blueprint = build_blueprint("styles", "styles", "Recipes for prompts, to be named in a request.")


class StylePath(BaseModel):
    """The name in the address."""

    style_name: str = Field(examples=["packshot-on-white"])


class StyleView(BaseModel):
    """A style, and the models that it works with."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    name: str = Field(description="What a request names as its `style`.", examples=["packshot-on-white"])
    is_built_in: bool = Field(description="False: it is the account's own.")
    title: str = Field(examples=["Packshot on white"])
    description: str
    prompt: str = Field(
        description="The frame: the prompt of a request takes the place of `{prompt}`.",
        examples=["{prompt} on a white background"],
    )
    negative_prompt: str = Field(description="Comes after that of a request.")
    parameters: dict[str, Any] = Field(
        description="Defaults of what a request leaves out.", examples=[{"aspect_ratio": "1:1"}]
    )
    for_: WorksWith = Field(alias="for", description="What it is for; what is empty limits nothing.")
    example: str = Field(description="A prompt that shows what it is good for.", examples=["a large red mug"])
    models: dict[str, list[Task]] = Field(
        description="The models of this deployment that it works with, and the tasks of each.",
        examples=[{"picturebook": ["text-to-image", "image-to-image"]}],
    )
    created_at: datetime | None = Field(description="Null: it is one of the deployment's.")
    updated_at: datetime | None


def build_style_view(style: Style, ways: Sequence[WayToDraw]) -> StyleView:
    """How the style is shown. `ways` is all that the models can do."""
    return StyleView(
        name=style.name,
        is_built_in=style.is_built_in,
        **{name: getattr(style.recipe, name) for name in type(style.recipe).model_fields},
        models=list_fitting(style.recipe, ways),
        created_at=style.created_at,
        updated_at=style.updated_at,
    )
