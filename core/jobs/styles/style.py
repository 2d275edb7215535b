"""A style: its recipe, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.catalog import Task
from core.jobs.styles.prompt_frame import PLACE, check_frame
from core.jobs.styles.style_parameters import StyleParameters
from core.plain_text import plain_text

STYLE_NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"

_LONGEST_TITLE = 100
_LONGEST_DESCRIPTION = 500
_LONGEST_PROMPT = 1_000
_MOST_NAMES = 50


StyleName = Annotated[str, Field(pattern=STYLE_NAME, examples=["red-chalk"])]
Words = Annotated[str, Field(max_length=_LONGEST_PROMPT), plain_text(at_most=_LONGEST_PROMPT)]
Title = Annotated[str, Field(min_length=1, max_length=_LONGEST_TITLE), plain_text(at_most=_LONGEST_TITLE)]
Frame = Annotated[Words, AfterValidator(check_frame)]
Example = Annotated[Words, Field(min_length=1)]
_Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=_MOST_NAMES)]


class WorksWith(BaseModel):
    """What a style is for. What is left out, or empty, limits nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    models: _Names = Field(default=[], description="Ids of models that it is for.")
    not_models: _Names = Field(default=[], description="Ids of models that it is not for, whatever else fits.")
    families: _Names = Field(default=[], description="Families of models, such as `flux` or `stable-diffusion-xl`.")
    tasks: Annotated[list[Task], Field(max_length=_MOST_NAMES)] = Field(default=[], description="Tasks of a model.")
    picture: bool = Field(
        default=False, description="True: only for requests with a picture to draw from, `image` or `control_image`."
    )


class Recipe(BaseModel):
    """What a style does to a request."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        populate_by_name=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    title: Title = Field(description="For people.", examples=["Red chalk"])
    description: Annotated[str, plain_text(at_most=_LONGEST_DESCRIPTION)] = Field(
        default="", max_length=_LONGEST_DESCRIPTION, description="What comes of it, and what it is good for."
    )
    prompt: Frame = Field(
        description=f"The frame: `{PLACE}` in it, once, is where the prompt of a request goes.",
        examples=["a red chalk drawing of {prompt} on rough paper"],
    )
    negative_prompt: Words = Field(
        default="",
        description="Comes after that of the request, with a comma between them. A model that takes none is drawn with without it.",
    )
    parameters: StyleParameters = Field(
        default_factory=dict,
        description="Defaults, by the names that a request has for them. What a request gives itself comes before them; a size is "
        "not taken for a request with a picture, whose result has the picture's.",
        examples=[{"aspect_ratio": "3:2"}],
    )
    for_: WorksWith = Field(default=WorksWith(), alias="for", description="What it works with; all, if left out.")
    example: Example = Field(description="A prompt that shows what it is good for.", examples=["a heron"])


@dataclass(frozen=True)
class Style:
    """A recipe by its name."""

    name: str
    recipe: Recipe
    #: Of the deployment; otherwise an account's own.
    is_built_in: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None


def read_style(name: str, recipe: dict[str, Any], *, created_at: datetime, updated_at: datetime) -> Style:
    """An account's own style, as its row has it."""
    return Style(name, Recipe.model_validate(recipe), False, created_at, updated_at)
