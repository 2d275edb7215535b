"""What a client may ask for: the body of `POST /v1/jobs`. resolve_request.py checks it against the model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from core.catalog import LoraScale, Task
from core.jobs.request.job_options import JobOptions, options_last
from core.jobs.request.number_for_each import ControlScale
from core.jobs.request.picture_fields import Expand, ImageReference, Pictures
from core.plain_text import plain_text

OutputFormat = Literal["png", "jpeg", "webp"]

#: The largest seed: seeds are stored as signed 64-bit numbers, and image i of a job takes seed + i.
MAX_SEED = 2**63 - 1 - 64

_MOST_LORAS = 8


def _few_loras(value: Any) -> Any:
    # Before any of them is checked: checking takes far longer than counting.
    if isinstance(value, list | tuple) and len(value) > _MOST_LORAS:
        raise ValueError(f"holds more than {_MOST_LORAS} LoRAs")
    return value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


#: Characters of a prompt.
LONGEST_PROMPT = 4_000

Prompt = Annotated[str, Field(max_length=LONGEST_PROMPT), plain_text(at_most=LONGEST_PROMPT)]
Side = Annotated[int, Field(ge=8, le=16_384, multiple_of=8)]
Guidance = Annotated[float, Field(ge=0, le=100)]
_ControlNetName = Annotated[str, Field(min_length=1, max_length=40)]


class LoraUse(BaseModel):
    """One adapter and how strongly it works."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    id: str = Field(min_length=1, max_length=64, description="A LoRA of the models file that fits the model.")
    scale: LoraScale | None = Field(
        default=None, description="How strongly it works. Left out: the LoRA's own default."
    )


class RenderRequest(JobOptions):
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
        json_schema_extra=options_last,
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
    style: Annotated[str, plain_text(at_most=64)] | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="A style from `GET /v1/styles`: it puts the prompt into its frame, adds a negative prompt, and has defaults for "
        "some of what is left out here.",
        examples=["packshot-on-white"],
    )
    model: str | None = Field(default=None, min_length=1, max_length=64, description="An id from `GET /v1/models`.")
    width: Side | None = Field(
        default=None, description="Pixels, a multiple of the model's step. Left out, it follows the image's."
    )
    height: Side | None = Field(
        default=None, description="Pixels, a multiple of the model's step. Left out, it follows the image's."
    )
    size: str | None = Field(
        default=None,
        pattern=r"^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$",
        description="Width and height in one: `1024x768`. Instead of `width` and `height`.",
        examples=["128x96"],
    )
    aspect_ratio: str | None = Field(
        default=None,
        pattern=r"^[1-9][0-9]{0,3}:[1-9][0-9]{0,3}$",
        description="Width to height, such as `16:9`: the size is the nearest one that the model draws, with about as many pixels as "
        "its default. Instead of `size`, `width` and `height`.",
        examples=["16:9"],
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
    refine_from: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="The part of the steps that the model itself does; its refiner does the rest. 1 is without it.",
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
            "2^25 pixels, an `https://` address, or the id of a file (`file_…`) or an artifact (`art_…`) of yours; a list of "
            "them, if the model takes several. It is turned upright and laid on white where it is transparent. For image-to-image and inpainting it is resized to "
            "exactly width x height; for `edit` and `variation` it keeps its proportions, and is made smaller if it has more "
            "pixels than the result."
        ),
    )
    expand: Expand | None = Field(
        default=None,
        validation_alias=AliasChoices("expand", "pad"),
        description="By how many pixels of the result `image` is continued at each edge (`outpaint`). Its own pixels stay "
        "exactly; width and height follow from both.",
    )
    mask_mode: Literal["white", "alpha"] | None = Field(
        default=None,
        description=(
            "What of `mask_image` is painted: what is `white` (if left out), or what is transparent (`alpha`). With `alpha` and "
            "without `mask_image`, what is transparent in `image` is painted."
        ),
    )
    mask_image: ImageReference | None = Field(
        default=None,
        validate_default=True,
        repr=False,
        validation_alias=AliasChoices("mask_image", "mask"),
        description=(
            "Where to paint: white (level 128 of 255 and above, once resized) is painted anew, or with a `mask_mode` of `alpha` "
            "what is transparent. Elsewhere the result has exactly the pixels of `image`, as resized. With a mask that paints "
            "nothing the job fails (`invalid_request`). Needs `image`, and takes the same as that."
        ),
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
    controlnets: (
        Annotated[tuple[_ControlNetName, ...], Field(min_length=1, max_length=16), BeforeValidator(_as_tuple)] | None
    ) = Field(
        default=None,
        description="Which of the model's ControlNets the pictures of `control_image` are for, in that order. Left out: all of "
        "them, in the model's order.",
    )
    controlnet_conditioning_scale: ControlScale | None = Field(
        default=None,
        description="How closely to follow `control_image`; a list with a number for each, if there are several.",
    )
    ip_adapter_image: Pictures | None = Field(
        default=None,
        repr=False,
        description="What the model's IP-Adapter looks at: the result resembles it. Takes the same as `image`, keeps its "
        "proportions, and is made smaller if it has more pixels than the result.",
    )
    ip_adapter_scale: float | None = Field(
        default=None, ge=0, le=4, description="How strongly `ip_adapter_image` works."
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
    output_quality: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="How closely a JPEG or WebP keeps what was drawn: 100 is best, and largest. Left out: 95 and 90. Not for PNG, "
        "which loses nothing.",
    )

    @field_validator("mask_image")
    @classmethod
    def _mask_of_the_image_itself(cls, mask: str | None, info: ValidationInfo) -> str | None:
        """What is transparent in the one picture says where to paint, if it is asked to and there is nothing else."""
        image = info.data.get("image")
        is_the_image = mask is None and info.data.get("mask_mode") == "alpha" and info.data.get("expand") is None
        return image if is_the_image and not isinstance(image, tuple) else mask

    @property
    def extra(self) -> dict[str, Any]:
        """What came under names that are not ours: perhaps parameters of the model's pipeline."""
        return self.__pydantic_extra__ or {}
