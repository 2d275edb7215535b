"""What a client may ask for: the body of `POST /v1/jobs`. resolve_request.py checks it against the model."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from core.catalog import LoraScale, Task
from core.jobs.priority import PriorityName
from core.jobs.request.picture_fields import Expand, ImageReference, Pictures
from core.plain_text import plain_text

OutputFormat = Literal["png", "jpeg", "webp"]

#: The largest seed: seeds are stored as signed 64-bit numbers, and image i of a job takes seed + i.
MAX_SEED = 2**63 - 1 - 64

#: Seconds that a deadline may lie ahead: 30 days.
_LONGEST_DEADLINE = 30 * 24 * 3600

#: Seconds that images may be kept by request: 10 years.
_LONGEST_RETENTION = 10 * 365 * 24 * 3600


_MOST_LORAS = 8
_MOST_LABELS = 32
_LONGEST_LABEL = 64


def _few_loras(value: Any) -> Any:
    # Before any of them is checked: checking takes far longer than counting.
    if isinstance(value, list | tuple) and len(value) > _MOST_LORAS:
        raise ValueError(f"holds more than {_MOST_LORAS} LoRAs")
    return value


def _few_distinct_labels(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if len(value) > _MOST_LABELS:
        raise ValueError(f"holds more than {_MOST_LABELS} labels")
    seen: set[str] = set()
    for key in value:
        if isinstance(key, str) and len(key) <= _LONGEST_LABEL:
            composed = unicodedata.normalize("NFC", key)
            if composed in seen:
                raise ValueError(f"holds {composed!r} twice, written with different characters")
            seen.add(composed)
    return value


Prompt = Annotated[str, Field(max_length=4_000), plain_text(at_most=4_000)]
Side = Annotated[int, Field(ge=8, le=16_384, multiple_of=8)]
Guidance = Annotated[float, Field(ge=0, le=100)]
Deadline = Annotated[int, Field(ge=1, le=_LONGEST_DEADLINE)]
MetadataKey = Annotated[str, Field(min_length=1, max_length=_LONGEST_LABEL), plain_text(at_most=_LONGEST_LABEL)]
MetadataValue = Annotated[str, Field(max_length=512), plain_text(at_most=512)]


class LoraUse(BaseModel):
    """One adapter and how strongly it works."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    id: str = Field(min_length=1, max_length=64, description="A LoRA of the models file that fits the model.")
    scale: LoraScale | None = Field(
        default=None, description="How strongly it works. Left out: the LoRA's own default."
    )


class RenderRequest(BaseModel):
    """What to draw. `prompt` is required by nearly every model; what is left out takes the model's default.

    The names are diffusers' own; the usual other names (`steps`, `cfg_scale`, `n`) are accepted too. For each task
    `GET /v1/models/{id}` shows which of them a model has, and their defaults and limits. Without a `task` it is the model's
    first one that takes just the pictures given: none, `image`, `image` and `mask_image`, or `image` and `expand`. Further
    numbers, texts and switches of the model's pipeline (such as `guidance_rescale`) can be given by name, too. What a model
    does not have is refused, never dropped.
    """

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        populate_by_name=True,
        # An error that is logged must not hold a prompt.
        hide_input_in_errors=True,
    )

    task: Task | None = Field(
        default=None,
        description="One of the model's tasks. Left out: its first one that takes just the pictures given.",
    )
    prompt: Prompt | None = Field(
        default=None,
        description="What the picture shows. Required, unless the model's schema for the task says otherwise.",
        examples=["a large red mug on a yellow background"],
    )
    prompt_2: Prompt | None = Field(default=None, description="For the second text encoder; the prompt if left out.")
    prompt_3: Prompt | None = Field(default=None, description="For the third text encoder; the prompt if left out.")
    negative_prompt: Prompt | None = Field(default=None, description="What the picture does not show.")
    model: str | None = Field(default=None, min_length=1, max_length=64, description="An id from `GET /v1/models`.")
    width: Side | None = Field(
        default=None, description="Pixels, a multiple of the model's step. Left out, it follows the image's."
    )
    height: Side | None = Field(
        default=None, description="Pixels, a multiple of the model's step. Left out, it follows the image's."
    )
    num_inference_steps: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        validation_alias=AliasChoices("num_inference_steps", "steps"),
        description="Denoising steps.",
    )
    guidance_scale: Guidance | None = Field(
        default=None,
        validation_alias=AliasChoices("guidance_scale", "cfg_scale"),
        description="How closely to follow the prompt.",
    )
    true_cfg_scale: Guidance | None = Field(
        default=None,
        description="Classifier-free guidance, with a negative prompt, of models whose guidance_scale is something else.",
    )
    strength: float | None = Field(
        default=None,
        gt=0,
        le=1,
        validation_alias=AliasChoices("strength", "prompt_strength"),
        description="How far to leave `image`: 1 is all the way. The first 1 - strength of the steps are left out.",
    )
    image: Pictures | None = Field(
        default=None,
        repr=False,
        validation_alias=AliasChoices("image", "init_image"),
        description=(
            "The picture to start from: a data URI (`data:image/png;base64,…`) or base64 alone, of at most 20 MiB and "
            "2^25 pixels, or the id of one of your artifacts (`art_…`); a list of them, if the model takes several. It is "
            "turned upright and laid on white where it is transparent. For image-to-image and inpainting it is resized to "
            "exactly width x height; for `edit` and `variation` it keeps its proportions, and is made smaller if it has more "
            "pixels than the result."
        ),
    )
    mask_image: ImageReference | None = Field(
        default=None,
        repr=False,
        validation_alias=AliasChoices("mask_image", "mask"),
        description=(
            "Where to paint: white (level 128 of 255 and above, once resized) is painted anew. Where it is black or "
            "transparent, the result has exactly the pixels of `image`, as resized. With a mask without white the job fails "
            "(`invalid_request`). Needs `image`, and takes the same as that."
        ),
    )
    expand: Expand | None = Field(
        default=None,
        description="By how many pixels of the result `image` is continued at each edge (`outpaint`). Its own pixels stay "
        "exactly; width and height follow from both.",
    )
    mask_feather: int | None = Field(
        default=None,
        ge=0,
        le=64,
        description=(
            "Pixels of the result over which `image` blends into what was drawn. They lie inside the painted area, from its "
            "edge; narrow parts have a narrower seam, so that their middle is painted. 0 is a hard edge. Needs `mask_image` or "
            "`expand`."
        ),
    )
    control_image: Pictures | None = Field(
        default=None,
        repr=False,
        description="What a ControlNet goes by: edges, depth or a pose, as the model wants it. Takes the same as `image`, and "
        "is resized to exactly width x height.",
    )
    controlnet_conditioning_scale: float | None = Field(
        default=None, ge=0, le=10, description="How closely to follow `control_image`."
    )
    max_sequence_length: int | None = Field(
        default=None, ge=1, le=2048, description="Tokens of the prompt that the model reads at most."
    )
    clip_skip: int | None = Field(
        default=None, ge=0, le=12, description="Last layers of the CLIP text encoder to leave out."
    )
    loras: Annotated[tuple[LoraUse, ...], BeforeValidator(_few_loras)] = Field(
        default=(), max_length=_MOST_LORAS, strict=False, description="Adapters to draw with, all at once."
    )
    scheduler: str | None = Field(
        default=None, min_length=1, max_length=64, description="One of the model's schedulers."
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=MAX_SEED,
        description="The same request with the same seed draws the same image again: to the eye, and with `deterministic` "
        "to the bit. Random when left out.",
    )
    num_images: int = Field(
        default=1,
        ge=1,
        le=64,
        validation_alias=AliasChoices("num_images", "num_outputs", "n"),
        description="Image i is drawn from seed + i.",
    )
    deterministic: bool = Field(
        default=False,
        description="Draw in a way that gives the same bits whatever else is drawn beside it; it can take longer.",
    )
    output_format: OutputFormat = "png"
    priority: PriorityName = Field(
        default="normal",
        description="Every `high` job goes before every `normal` one, and these before every `low` one. Accounts take turns "
        "within each.",
    )
    deadline_seconds: Deadline | None = Field(
        default=None,
        description="The job fails (`deadline_exceeded`) if it has not ended this many seconds after it was accepted.",
    )
    start_deadline_seconds: Deadline | None = Field(
        default=None,
        description="The job fails (`start_deadline_exceeded`) if no worker has started it this many seconds after it was "
        "accepted. At most `deadline_seconds`.",
    )
    retention_seconds: int | None = Field(
        default=None,
        ge=1,
        le=_LONGEST_RETENTION,
        description="The images are deleted this many seconds after the job's end. At most what the account's policy says, "
        "which is taken when this is left out.",
    )
    metadata: Annotated[dict[MetadataKey, MetadataValue], BeforeValidator(_few_distinct_labels)] = Field(
        default_factory=dict, max_length=_MOST_LABELS, description="Your own labels; returned with the job."
    )

    @field_validator("start_deadline_seconds")
    @classmethod
    def _before_the_end(cls, seconds: int | None, info: ValidationInfo) -> int | None:
        total = info.data.get("deadline_seconds")
        if seconds is not None and total is not None and seconds > total:
            raise ValueError("must be at most deadline_seconds")
        return seconds

    @property
    def extra(self) -> dict[str, Any]:
        """What came under names that are not ours: perhaps parameters of the model's pipeline."""
        return self.__pydantic_extra__ or {}
