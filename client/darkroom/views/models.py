"""The models that a deployment serves."""

from __future__ import annotations

from typing import Any

from darkroom.views.view import View


class ModelTask(View):
    """What the engine does with one of the model's tasks. Null: not measured with this pipeline class."""

    #: The pipeline class of diffusers that serves it.
    pipeline: str
    #: Jobs share the denoiser's forwards.
    batched: bool | None = None
    #: A render resumes in another worker from the step at which it stopped.
    resumable: bool | None = None
    #: Running jobs have previews.
    preview: bool | None = None
    #: One job can draw several images.
    several_images: bool | None = None
    #: Why it does not do one of these, if that is known.
    limits: list[str]


class Model(View):
    """A model, what it draws by default, and how far it goes. Sides in pixels."""

    id: str
    is_default: bool
    #: False: its weights have not been fetched yet, and its jobs are refused.
    is_available: bool
    #: Whether a worker is there that draws it now. If not, its jobs wait (or are refused).
    ready: bool
    #: Whether a worker has it in memory: otherwise its first job waits until it is loaded.
    resident: bool
    #: Where it is not ready: what is missing, and what would change that.
    reason: str | None = None
    description: str
    #: Names the exact weights; null while they are not fetched.
    revision: str | None = None
    #: SPDX id of the licence of the weights, or a LicenseRef where SPDX has none.
    licence: str
    licence_url: str | None = None
    #: What the licence asks beyond yes and no.
    licence_note: str
    #: Whether anybody may use it commercially, without a further contract.
    commercial_use: bool
    tasks: list[str]
    default_width: int
    default_height: int
    max_width: int
    max_height: int
    #: Both sides are multiples of it.
    size_step: int
    default_num_inference_steps: int
    max_num_inference_steps: int
    #: Null: the pipeline's own, or the model takes none.
    default_guidance_scale: float | None = None
    default_scheduler: str
    schedulers: list[str]
    max_num_images: int


class ModelDetail(Model):
    """A model with its parameters."""

    #: For each task what the engine does with it.
    abilities: dict[str, ModelTask]
    #: For each task a JSON schema of the body of `POST /v1/jobs`: every parameter that the model has, with its type,
    #: default and limits. Read off the pipeline's own signature.
    parameters: dict[str, dict[str, Any]]
