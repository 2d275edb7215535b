"""The table of diffusers' pipeline classes, `families.toml`: which task each of them serves, or why it is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

#: What a job does with the pictures that it is given. `edit` looks at them and draws anew, `variation` does so without a
#: prompt, `outpaint` continues a picture beyond its edges, `upscale` enlarges it, `unconditional` has neither picture nor prompt,
#: `map` measures what the picture shows.
Task = Literal[
    "text-to-image", "image-to-image", "inpainting", "outpaint", "edit", "variation", "upscale", "unconditional", "map"
]
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
    #: A name of the pipeline's for each of several pictures, in the order in which a request gives them: it gives all of them. The
    #: first is the one that is drawn from, and the others are looked at.
    arguments: tuple[str, ...] = ()
    #: As many as one request may give. With more than one the pipeline gets a list, also of a single picture.
    most: int = Field(default=1, ge=1, le=16)
    #: Whether the pipeline has to be given it once for each image of a job.
    for_each_image: bool = False
    #: Of a mask: whether white is what the pipeline keeps. In a request it is what is painted.
    keeps_white: bool = False
    #: Whether they are pairs, a picture and what is made of it, and at last a picture alone: the pipeline gets a grid of two
    #: columns, whose last cell is to be drawn.
    in_pairs: bool = False

    @model_validator(mode="after")
    def _names_go_one_way(self) -> Self:
        if self.arguments and (len(self.arguments) < 2 or self.argument is not None or self.most > 1):  # noqa: PLR2004
            raise ValueError("arguments: are two or more, without `argument` and `most`")
        return self


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
    #: Whether each step goes over parts of the picture, each with a step of the scheduler; a whole step ends with the callback.
    steps_in_parts: bool = False
    #: The class that draws by what this one makes of pictures and a prompt; this one's folder is a source of its own, `redux`.
    then: str | None = None
    #: Settings of the denoiser that the pipeline reads, and that the denoiser's own configuration may lack.
    assumes: dict[str, Scalar] = Field(default_factory=dict)
    #: The pipeline's own name for the prompt; left out: `prompt`.
    prompt_argument: str | None = None
    #: Whether a request may leave the prompt out.
    prompt_is_optional: bool = False
    #: Whether the pipeline draws random numbers without the generators that it is given.
    leaves_to_chance: bool = False
    #: Whether it draws the size that its model was made for, and no other.
    own_size: bool = False
    #: Whether the guidance of its last stage needs that of the first one.
    guided_from_first_stage: bool = False
    #: Whether it is Darkroom's own, and runs the classes of diffusers that are its stages: diffusers has none of both.
    ours: bool = False
    #: The names of the schedulers that it draws with rightly, besides the model's own; None if it draws with all that go with
    #: the model. Most often none, because it does not scale what it gives the denoiser, as other schedulers need.
    schedulers: tuple[str, ...] | None = None
    #: Why a render starts over, if its components do not show it; None if it is resumed.
    starts_over: Reason | None = None
    #: Whether it takes one source of random numbers, and not one for each image: a job has one image then.
    one_generator: bool = False
    #: What the map that it returns in place of pictures says of each pixel, if it returns one.
    maps: Literal["depth", "normals"] | None = None
    #: Parameters of its signature that no request can set: here they do nothing, or not what they say.
    unoffered: tuple[str, ...] = ()
    #: Why its forwards are not joined with those of other jobs; None if they are.
    apart: Reason | None = None
    #: Why jobs of its model run one after another; None if they run side by side.
    one_at_a_time: Reason | None = None

    @property
    def last_strength(self) -> float:
        """How much noise its last stage adds to the picture of the stage before, if no request can set that: 1 is all."""
        return float(self.fixed.get("upsampling_strength", 1.0))

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
    #: Classes that are the last of two stages: by each, the class of both stages as which it draws with a prior beside it.
    decoders: dict[str, str] = Field(default_factory=dict)
    #: The class of the first stage, and others whose folders hold the same components.
    priors: tuple[str, ...] = ()
    #: What its classes take beside their components: several ControlNets at a time, an IP-Adapter, textual inversions,
    #: a refiner.
    extras: frozenset[Literal["controlnets", "ip_adapter", "textual_inversions", "refiner"]] = frozenset()
    classes: dict[str, ClassFacts] = Field(default_factory=dict)

    @property
    def class_names(self) -> set[str]:
        """The classes that draw a whole picture."""
        return {*self.tasks.values(), *self.controlled.values()}

    @property
    def stage_names(self) -> set[str]:
        """The classes that are one stage of those."""
        return {*self.decoders, *self.priors}

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
        if strangers := {*self.decoders.values()} - self.class_names:
            raise ValueError(f"decoders: {min(strangers)} serves no task")
        return self


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    families: dict[str, Family]
    #: Classes by the reason why they cannot be served: "it ...".
    refused: dict[Reason, tuple[str, ...]]

    @model_validator(mode="after")
    def _every_class_stands_once(self) -> Self:
        served = {name for family in self.families.values() for name in family.class_names | family.stage_names}
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


def find_joined_class(decoder: str) -> str:
    """The class of both stages as which a class that is the last one draws with a prior beside it; any other class itself."""
    joined = (family.decoders[decoder] for family in list_families().values() if decoder in family.decoders)
    return next(joined, decoder)


def list_stage_classes() -> list[str]:
    """Every class that is one stage of another one, by name."""
    return sorted({name for family in list_families().values() for name in family.stage_names})


def list_refused() -> dict[str, str]:
    """The reason why each class that cannot be served is refused, by the class's name."""
    return {name: reason for reason, names in _read_table().refused.items() for name in names}


def find_facts(class_name: str) -> ClassFacts:
    """What the table says of the class besides its tasks."""
    family = find_family(class_name)
    return _NOTHING_SPECIAL if family is None else family.facts_of(class_name)


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
