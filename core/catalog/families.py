"""The table of diffusers' pipeline classes, `families.toml`: which task each of them serves, or why it is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: What a job does with the pictures that it is given. `edit` looks at them and draws anew, `variation` does so without a
#: prompt, `outpaint` continues a picture beyond its edges, `upscale` enlarges it.
Task = Literal["text-to-image", "image-to-image", "inpainting", "outpaint", "edit", "variation", "upscale"]
#: A value that TOML and JSON can hold.
Scalar = bool | int | float | str
#: A sentence without its full stop: "its ... ".
Reason = Annotated[str, Field(min_length=10)]

FAMILIES_PATH = Path(__file__).with_name("families.toml")


class Input(BaseModel):
    """How a class takes the picture, or pictures, of a request's field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The pipeline's own name for them; left out: the field's.
    argument: str | None = None
    #: As many as one request may give. With more than one the pipeline gets a list, also of a single picture.
    most: int = Field(default=1, ge=1, le=16)
    #: Whether the pipeline has to be given it once for each image of a job.
    for_each_image: bool = False


class ClassFacts(BaseModel):
    """What a class's signature does not say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: By the field of the request.
    inputs: dict[Literal["image", "mask_image", "control_image"], Input] = Field(default_factory=dict)
    #: Parameters that have this value in every call, and that no request can set.
    fixed: dict[str, Scalar] = Field(default_factory=dict)
    #: Parameters whose sum is the number of denoising steps: more than one for a class that draws in stages.
    steps: tuple[str, ...] = ("num_inference_steps",)
    #: What it makes of steps x strength, if that does not show in its own call, but in that of a stage.
    step_rounding: Literal["down", "up"] | None = None
    #: How many times as wide and as high as its input the result is; a request cannot choose a size then.
    enlarges: int | None = Field(default=None, ge=2, le=8)
    #: Whether the pipeline itself repeats the picture that it adds noise to, before it is encoded, for each image of a job.
    repeats_picture: bool = False
    #: As many pixels as the pipeline draws, whatever size it is asked for; the result is scaled to that.
    draws_pixels: int | None = None
    #: Whether a request may leave the prompt out.
    prompt_is_optional: bool = False
    #: Whether the pipeline draws random numbers without the generators that it is given.
    leaves_to_chance: bool = False
    #: Why its forwards are not joined with those of other jobs; None if they are.
    apart: Reason | None = None
    #: Why jobs of its model run one after another; None if they run side by side.
    one_at_a_time: Reason | None = None

    def find_input(self, field: str) -> Input | None:
        """How the class takes the pictures of a request's field, if the table says anything of it."""
        return next((own for name, own in self.inputs.items() if name == field), None)


class Family(BaseModel):
    """Classes that draw with the same components: a model that is loaded for one of them serves the tasks of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=2)
    #: What both sides of a picture have to be multiples of, in pixels: the autoencoder's reduction times the patch.
    size_step: Literal[8, 16, 32, 64, 128] = 8
    tasks: dict[Task, str] = Field(default_factory=dict)
    #: The same with a ControlNet beside the components.
    controlled: dict[Task, str] = Field(default_factory=dict)
    classes: dict[str, ClassFacts] = Field(default_factory=dict)

    @property
    def class_names(self) -> set[str]:
        return {*self.tasks.values(), *self.controlled.values()}

    def find_class(self, task: Task, *, controlled: bool) -> str | None:
        """The class that serves the task, or None. A class that paints inside a picture paints around it, too."""
        classes = self.controlled if controlled else self.tasks
        return classes.get("inpainting" if task == "outpaint" else task)

    def facts_of(self, class_name: str) -> ClassFacts:
        return self.classes.get(class_name, _NOTHING_SPECIAL)

    @model_validator(mode="after")
    def _facts_are_of_its_classes(self) -> Self:
        if "outpaint" in self.tasks.keys() | self.controlled.keys():
            raise ValueError("tasks: outpaint goes by the class for inpainting")
        if strangers := self.classes.keys() - self.class_names:
            raise ValueError(f"classes: {min(strangers)} serves no task")
        return self


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    families: dict[str, Family]
    #: Classes by the reason why they cannot be served: "it ...".
    refused: dict[Reason, tuple[str, ...]]

    @model_validator(mode="after")
    def _every_class_stands_once(self) -> Self:
        served = {name for family in self.families.values() for name in family.class_names}
        refused = [name for classes in self.refused.values() for name in classes]
        if twice := {name for name in refused if name in served or refused.count(name) > 1}:
            raise ValueError(f"refused: {min(twice)} stands twice")
        return self


_NOTHING_SPECIAL = ClassFacts()


def find_family(class_name: str) -> Family | None:
    """The family of a class that a catalog may name, or None: the first one that names the class."""
    return _families_by_class().get(class_name)


def list_families() -> Mapping[str, Family]:
    """Every family by its id, in the table's order."""
    return _read_table().families


def list_refused() -> dict[str, str]:
    """The reason why each class that cannot be served is refused, by the class's name."""
    return {name: reason for reason, names in _read_table().refused.items() for name in names}


def find_size_step(class_name: str) -> int:
    """What the sides of the class's pictures have to be multiples of, in pixels."""
    family = find_family(class_name)
    return 8 if family is None else family.size_step


def is_controlled(class_name: str) -> bool:
    """Whether models of the class come with a ControlNet."""
    family = find_family(class_name)
    return family is not None and class_name in family.controlled.values()


@cache
def _read_table() -> _Table:
    return _Table(**tomllib.loads(FAMILIES_PATH.read_text(encoding="utf-8")))


@cache
def _families_by_class() -> dict[str, Family]:
    families: dict[str, Family] = {}
    for family in _read_table().families.values():
        families |= {name: family for name in family.class_names if name not in families}
    return families
