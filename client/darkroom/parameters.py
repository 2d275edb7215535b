"""What a picture is asked for with, as the service names it."""

from __future__ import annotations

from typing import Literal, TypedDict

from darkroom.pictures_in import PictureIn


class Expand(TypedDict, total=False):
    """Pixels of the result by which `image` is continued at each edge."""

    left: int
    top: int
    right: int
    bottom: int


class _LoraId(TypedDict):
    id: str


class LoraUse(_LoraId, total=False):
    """An adapter, and how strongly it works."""

    scale: float | None


class _WebhookUrl(TypedDict):
    url: str


class JobWebhook(_WebhookUrl, total=False):
    """An address that is called for one job."""

    #: Some of `job.started`, `job.succeeded`, `job.failed` and `job.cancelled`; left out: the three ends.
    events: list[str]


class Parameters(TypedDict, total=False):
    """Everything beside the prompt. What is left out is decided by the style and the model."""

    #: One of the model's tasks. Left out: its first one that takes just the pictures given.
    task: str | None
    #: For the second text encoder; the prompt if left out.
    prompt_2: str | None
    #: For the third text encoder; the prompt if left out.
    prompt_3: str | None
    #: What the picture does not show.
    negative_prompt: str | None
    #: A style from `GET /v1/styles`: it puts the prompt into its frame, adds a negative prompt, and has defaults for
    #: some of what is left out here.
    style: str | None
    #: An id from `GET /v1/models`.
    model: str | None
    #: Pixels, a multiple of the model's step. Left out, it follows the image's.
    width: int | None
    #: Pixels, a multiple of the model's step. Left out, it follows the image's.
    height: int | None
    #: Width and height in one: `1024x768`. Instead of `width` and `height`.
    size: str | None
    #: Width to height, such as `16:9`: the size is the nearest one that the model draws, with about as many pixels as
    #: its default. Instead of `size`, `width` and `height`.
    aspect_ratio: str | None
    #: Denoising steps.
    num_inference_steps: int | None
    #: How closely to follow the prompt.
    guidance_scale: float | None
    #: Classifier-free guidance, with a negative prompt, of models whose guidance_scale is something else.
    true_cfg_scale: float | None
    #: The part of the steps that the model itself does; its refiner does the rest. 1 is without it.
    refine_from: float | None
    #: How far to leave `image`: 1 is all the way. The first 1 - strength of the steps are left out.
    strength: float | None
    #: The picture to start from, or several, if the model takes them: a path, bytes, an open file, a PIL image, an
    #: `https://` address, a picture, output or file of the service, or the id of one.
    image: PictureIn | list[PictureIn] | None
    #: By how many pixels of the result `image` is continued at each edge (`outpaint`). Its own pixels stay exactly;
    #: width and height follow from both.
    expand: Expand | None
    #: What of `mask_image` is painted: what is `white` (if left out), or what is transparent (`alpha`). With `alpha`
    #: and without `mask_image`, what is transparent in `image` is painted.
    mask_mode: Literal["white", "alpha"] | None
    #: Where to paint: white, or with a `mask_mode` of `alpha` what is transparent. Takes the same as `image`.
    mask_image: PictureIn | None
    #: Pixels of the result over which `image` blends into what was drawn. They lie inside the painted area, from its
    #: edge; narrow parts have a narrower seam, so that their middle is painted.
    mask_feather: int | None
    #: What a ControlNet goes by: edges, depth or a pose, as the model wants it. Takes the same as `image`.
    control_image: PictureIn | list[PictureIn] | None
    #: Which of the model's ControlNets the pictures of `control_image` are for, in that order. Left out: all of them,
    #: in the model's order.
    controlnets: list[str] | None
    #: How closely to follow `control_image`; a list with a number for each, if there are several.
    controlnet_conditioning_scale: float | list[float] | None
    #: What the model's IP-Adapter looks at: the result resembles it. Takes the same as `image`.
    ip_adapter_image: PictureIn | list[PictureIn] | None
    #: How strongly `ip_adapter_image` works.
    ip_adapter_scale: float | None
    #: Tokens of the prompt that the model reads at most.
    max_sequence_length: int | None
    #: Last layers of the CLIP text encoder to leave out.
    clip_skip: int | None
    #: Adapters to draw with, all at once.
    loras: list[LoraUse]
    #: One of the model's schedulers.
    scheduler: str | None
    #: The same request with the same seed draws the same image again: to the eye, and with `deterministic` to the bit.
    #: Random when left out.
    seed: int | None
    #: Image i is drawn from seed + i.
    num_images: int
    #: Draw in a way that gives the same bits whatever else is drawn beside it; it can take longer.
    deterministic: bool
    #: `png`, `jpeg` or `webp`.
    output_format: Literal["png", "jpeg", "webp"]
    #: How closely a JPEG or WebP keeps what was drawn: 100 is best, and largest. Left out: 95 and 90.
    output_quality: int | None
    #: Every `high` job goes before every `normal` one, and these before every `low` one. Accounts take turns within
    #: each.
    priority: Literal["high", "normal", "low"]
    #: The job fails (`deadline_exceeded`) if it has not ended this many seconds after it was accepted.
    deadline_seconds: int | None
    #: The job fails (`start_deadline_exceeded`) if no worker has started it this many seconds after it was accepted.
    #: At most `deadline_seconds`.
    start_deadline_seconds: int | None
    #: The images are deleted this many seconds after the job's end. At most what the account's policy says, which is
    #: taken when this is left out.
    retention_seconds: int | None
    #: False: prompts and images are kept no longer than it takes to hand them over. They are deleted when the webhooks
    #: of the end are delivered and the addresses in them have expired, or an hour after the end at the latest.
    store: bool
    #: Where this job's end is sent, signed with the account's secret (`GET /v1/webhook-secret`) and tried again as for
    #: webhook endpoints.
    webhook: JobWebhook | None
    #: Your own labels; returned with the job.
    metadata: dict[str, str]
    #: Of some models' pipelines: `GET /v1/models/{id}` shows which.
    eta: float
    #: Of some models' pipelines: `GET /v1/models/{id}` shows which.
    guidance_rescale: float
    #: Of some models' pipelines: `GET /v1/models/{id}` shows which.
    padding_mask_crop: int
