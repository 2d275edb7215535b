"""One `[models.<id>]` section of the models file, checked."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.catalog.extras import EXTRA_KEYS, ControlNets, IpAdapter, TextualInversions, name_extras
from core.catalog.families import Scalar, Task, find_size_step
from core.catalog.schedulers import SCHEDULER_NAMES
from core.catalog.sources import ComponentSource, FolderSource, HubFileSource, HubSource, LocalFileSource, Source

ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
PixelSide = Annotated[int, Field(ge=8, le=16_384, multiple_of=8)]


class ModelEntry(BaseModel):
    """What a model is, how it is loaded, what it can do, and how far it goes. Sides are in pixels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # What it is
    source: Source
    #: Names the exact weights of a local source; those of a hub source are named in `models.lock`.
    revision: str | None = Field(default=None, min_length=1, max_length=100)
    description: str = ""
    #: SPDX id of the licence of the weights, or `LicenseRef-` and a name where SPDX has none.
    licence: str = Field(min_length=1)
    licence_url: str | None = Field(default=None, pattern=r"^https://")
    commercial_use: bool
    #: What the licence asks beyond yes and no, in a sentence.
    licence_note: str = ""

    # How it is loaded
    #: A pipeline class of diffusers; `auto` takes the one that the model's own `model_index.json` names.
    pipeline: str = "auto"
    #: `auto`: float32 on a CPU, float16 on a GPU.
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    #: Weights of the denoiser kept in eight bits (torchao, weight only).
    quantisation: Literal["none", "int8", "fp8"] = "none"
    #: `regional` compiles the denoiser's repeated blocks.
    compile: Literal["off", "regional"] = "off"
    #: What waits in the CPU's memory while it is not needed: whole components, or groups of layers.
    offload: Literal["none", "model", "group"] = "none"
    #: A name of diffusers' `set_attention_backend`; those that download compiled kernels (`…_hub`) are not allowed.
    attention_backend: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,40}$")
    #: Pictures of more pixels than this are decoded in tiles.
    vae_tiling_above_pixels: int | None = Field(default=None, ge=1)
    channels_last: bool = False
    #: Whether a safety checker that comes with the weights judges what the model draws.
    safety_checker: bool = True
    #: The denoiser's weights are kept in fp8 and computed with in `dtype`.
    layerwise_casting: bool = False
    controlnet: ControlNets | None = None
    #: An autoencoder in the place of the one that comes with the weights.
    vae: ComponentSource | None = None
    ip_adapter: IpAdapter | None = None
    textual_inversions: TextualInversions = Field(default_factory=dict)
    #: A second denoiser that draws the last steps.
    refiner: ComponentSource | None = None
    #: The first stage of a model whose own class is the last one.
    prior: Source | None = None
    #: FLUX.1 Redux, which reads pictures for the model.
    redux: Source | None = None
    #: A tiny autoencoder for previews; without one, previews are a linear estimate.
    preview: Source | None = None
    #: The pool of workers that serves this model.
    pool: str = Field(default="default", pattern=r"^[a-z0-9-]{1,40}$")

    # What it draws
    tasks: tuple[Task, ...] = Field(default=("text-to-image",), min_length=1)
    default_width: PixelSide
    default_height: PixelSide
    max_width: PixelSide
    max_height: PixelSide
    #: What both sides have to be multiples of; left out: what the pipeline's family needs.
    size_step: Literal[8, 16, 32, 64, 128] | None = None
    default_steps: int = Field(ge=1)
    max_steps: int = Field(ge=1, le=1000)
    #: Left out: the pipeline's own default.
    default_guidance_scale: float | None = Field(default=None, ge=0, le=100)
    #: Defaults of other parameters of the pipeline, where its own are not the best.
    defaults: dict[str, Scalar] = Field(default_factory=dict)
    #: Parameters of the pipeline that have no effect with these weights: a request that sets one is refused.
    without: tuple[str, ...] = ()
    schedulers: tuple[str, ...] = Field(min_length=1)
    default_scheduler: str
    max_images: int = Field(default=4, ge=1, le=64)

    @property
    def sources(self) -> dict[str, Source | LocalFileSource | HubFileSource]:
        """Every source by what it is for."""
        preview = {} if self.preview is None else {"preview": self.preview}
        return {"source": self.source, **self.extras, **preview}

    @property
    def extras(self) -> dict[str, Source | LocalFileSource | HubFileSource]:
        """What is loaded with `source`, by name: see `name_extras`."""
        return name_extras((key, getattr(self, key)) for key in EXTRA_KEYS)

    @property
    def controlnet_names(self) -> tuple[str, ...]:
        """The names of its ControlNets, if it has several."""
        return tuple(self.controlnet) if isinstance(self.controlnet, dict) else ()

    def size_step_of(self, pipeline_class: str) -> int:
        """What the sides of a picture have to be multiples of."""
        if self.size_step is not None:
            return self.size_step
        return find_size_step(pipeline_class)

    @model_validator(mode="after")
    def _defaults_lie_within_the_limits(self) -> Self:
        if self.default_width > self.max_width or self.default_height > self.max_height:
            raise ValueError("the default size is larger than the largest size")
        if self.default_steps > self.max_steps:
            raise ValueError("default_steps is more than max_steps")
        if unknown := [name for name in self.schedulers if name not in SCHEDULER_NAMES]:
            raise ValueError(f"schedulers: there is no {unknown[0]!r}; there are {', '.join(sorted(SCHEDULER_NAMES))}")
        if self.default_scheduler not in self.schedulers:
            raise ValueError("default_scheduler is not one of schedulers")
        return self

    @field_validator("attention_backend")
    @classmethod
    def _no_foreign_kernels(cls, name: str | None) -> str | None:
        if name is not None and name.endswith("_hub"):
            raise ValueError("downloads compiled code when it is first used, which workers do not")
        return name

    @model_validator(mode="after")
    def _the_weights_are_named(self) -> Self:
        is_hub = isinstance(self.source, HubSource)
        if is_hub and self.revision is not None:
            raise ValueError("revision: belongs into the source's table where that is a hub's")
        if not is_hub and self.revision is None:
            raise ValueError("revision: needed to name the weights of a local source")
        return self

    @model_validator(mode="after")
    def _switches_go_together(self) -> Self:
        if self.quantisation != "none" and self.layerwise_casting:
            raise ValueError("layerwise_casting and quantisation exclude each other")
        if self.pipeline == "auto" and not isinstance(self.source, FolderSource | HubSource):
            raise ValueError("pipeline: a single file does not tell its class, so name it")
        return self
