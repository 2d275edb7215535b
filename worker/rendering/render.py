"""Run the unmodified pipeline for one job; its denoising steps share batches with those of other jobs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch
from PIL.Image import Image

from core.catalog import derive_task
from worker.rendering.checkpoints import Checkpoint, open_journal
from worker.rendering.drawing import Drawing
from worker.rendering.errors import NonFiniteResult
from worker.rendering.images.inpainting import Inpainting
from worker.rendering.models import LoadedModel
from worker.rendering.modules.tiles import Tiles, noting_tiles
from worker.rendering.pipelines import (
    build_pipeline,
    build_scheduler,
    control_argument,
    find_refusal,
    list_unused,
    settle_strength,
)
from worker.rendering.prompts import JobPrompts, PromptCache, install_prompt_cache
from worker.rendering.watch_steps import StepEnd, watch_steps

#: The parameters of a request that are not passed to the pipeline: the renderer handles each of them itself.
_NOT_THE_PIPELINES = frozenset(
    {
        *("num_images", "scheduler", "output_format", "loras", "deterministic", "seed"),
        *("image", "mask_image", "control_image", "padding_mask_crop", "mask_feather"),
    }
)


@dataclass(frozen=True)
class RenderedImages:
    """The images of a job, and how they were drawn."""

    images: list[Image]
    #: For each forward that the job's calls were part of: its rows (the job's and those of other jobs), and its seconds.
    batch_rows: list[int]
    forward_seconds: list[float]
    #: What the model read of the prompts.
    prompts: JobPrompts
    #: Whether the render could have been resumed (or why not), and the steps that an earlier attempt had already done.
    resume: str
    earlier_steps: int
    #: The LoRAs that it was drawn with, each with id, scale and sha256.
    loras: list[dict[str, Any]]
    #: Whether there was no memory to code its pictures whole.
    tiles: Tiles
    #: A sentence for each parameter that turned out to have no effect, and for what was done otherwise than usual.
    warnings: list[str]


def render_images(
    model: LoadedModel,
    drawing: Drawing,
    *,
    on_step: Callable[[StepEnd], None],
    checkpoint: Checkpoint | None = None,
    prompt_cache: PromptCache | None = None,
    watch: Callable[[Any], None] | None = None,
) -> RenderedImages:
    """One image for each seed of the drawing, in order. Its denoising steps run together with those of other jobs in
    other threads.

    `on_step` is called at the end of each step; an error that it raises ends this render at that step, and no other.
    With a `checkpoint` of the same drawing the steps before it are not done again. Prompts that are in `prompt_cache`
    are not encoded again; a prompt that is too long for the model is encoded in chunks where it can be. `watch` is
    called with the job's own pipeline object before that runs.

    Raises CheckpointRefused for a checkpoint of anything else, ModelUnavailable for a LoRA that cannot be loaded,
    RequestRefused if the mask paints nothing or the pipeline cannot draw what the request asks for, and NonFiniteResult if
    the latents are not finite any more.
    """
    inpainting = Inpainting(drawing.images, drawing.request) if "mask_image" in drawing.images else None
    with (
        model.adapters.use(drawing.request.get("loras") or (), model.batcher.paused) as loras,
        _own_pipeline(model, drawing) as pipeline,
    ):
        drawing.job.adapters = loras.adapters
        drawing.job.is_deterministic = bool(drawing.request.get("deterministic"))
        # On the CPU, so that a seed means the same noise on every device.
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in drawing.seeds]
        journal = open_journal(model, pipeline, drawing, generators=generators, checkpoint=checkpoint)

        prompts = install_prompt_cache(
            pipeline,
            PromptCache(max_bytes=0) if prompt_cache is None else prompt_cache,
            model_id=model.id,
            adapters=loras.of_encoders,
            while_encoding=loras.while_encoding,
        )
        if watch is not None:
            watch(pipeline)
        check = _ResultCheck(model, drawing, on_step)
        watch_steps(pipeline, check.check_result, journal)

        with check.refused_requests(), noting_tiles() as tiles:
            images = _run_pipeline(
                pipeline,
                model,
                drawing,
                generators,
                images=drawing.images if inpainting is None else inpainting.prepare_images(pipeline),
            )
        if inpainting is not None:
            images = [inpainting.finish(image) for image in images]
        return RenderedImages(
            images,
            drawing.job.batch_rows,
            drawing.job.forward_seconds,
            prompts,
            resume=journal.resume,
            earlier_steps=journal.earlier_steps,
            loras=loras.described,
            tiles=tiles,
            warnings=[*list_unused(pipeline, model.entry, drawing.request, prompts), *tiles.warn()],
        )


@contextmanager
def _own_pipeline(model: LoadedModel, drawing: Drawing) -> Iterator[Any]:
    """A pipeline object and a scheduler of the job's own, for the task that the drawing's pictures make."""
    pipeline = build_pipeline(model, derive_task(drawing.images), control="control_image" in drawing.images)
    pipeline.scheduler = build_scheduler(
        drawing.request["scheduler"], model.pipeline.scheduler, from_picture="image" in drawing.images
    )
    try:
        yield pipeline
    finally:
        drawing.job.forget_calls()
        # The functions that were put around their methods hold them, and the latents. In such a circle all of it would
        # wait for the garbage collector.
        for own in (pipeline, pipeline.scheduler):
            for name in [name for name, value in vars(own).items() if isinstance(value, FunctionType)]:
                delattr(own, name)


class _ResultCheck:
    """Checks what each step gave, before `on_step` is called for it."""

    def __init__(self, model: LoadedModel, drawing: Drawing, on_step: Callable[[StepEnd], None]) -> None:
        self._model = model
        self._drawing = drawing
        self._on_step = on_step
        self._has_begun = False

    def check_result(self, end: StepEnd) -> None:
        """The job leaves its batch with its last step. Raises NonFiniteResult."""
        self._has_begun = True
        if end.is_last:
            self._model.batcher.leave(self._drawing.job)
        if end.is_last or self._model.device.type == "cpu":  # the check waits for a GPU, so there once
            _check_finite(end.latents)
        self._on_step(end)

    @contextmanager
    def refused_requests(self) -> Iterator[None]:
        """An error of the pipeline that the request is to blame for becomes RequestRefused."""
        try:
            yield
        except Exception as error:
            refusal = find_refusal(error, self._drawing.request, has_begun=self._has_begun)
            if refusal is None:
                raise
            raise refusal from error


def _run_pipeline(
    pipeline: Any,
    model: LoadedModel,
    drawing: Drawing,
    generators: Sequence[torch.Generator],
    *,
    images: Mapping[str, Image],
) -> list[Image]:
    with torch.inference_mode(), model.batcher.job(drawing.job):
        drawn: list[Image] = pipeline(
            **_arguments(pipeline, drawing.request),
            **_name_images(pipeline, images, count=len(drawing.seeds)),
            num_images_per_prompt=len(drawing.seeds),
            generator=generators,
            output_type="pil",
        ).images
    return drawn


def _arguments(pipeline: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request's parameters that this pipeline accepts. An empty negative prompt is what the pipeline takes for none."""
    accepted = inspect.signature(pipeline.__call__).parameters
    given = {name: value for name, value in request.items() if name in accepted and name not in _NOT_THE_PIPELINES}
    if not given.get("negative_prompt", True):
        given["negative_prompt"] = accepted["negative_prompt"].default
    if "strength" in given:
        given["strength"] = settle_strength(type(pipeline), request["num_inference_steps"], given["strength"])
    return given


def _name_images(pipeline: Any, images: Mapping[str, Image], *, count: int) -> dict[str, Any]:
    """The pictures by the names of this pipeline's arguments. A picture that it adds noise to is repeated for each image.

    A pipeline that is given such a picture once encodes it with the first image's generator and repeats the result. The
    other images would then start from other latents than when each is drawn alone, or (SD3) the pipeline fails.
    A pipeline that only looks at a picture (FLUX.2) would take a list for several pictures.
    """
    named: dict[str, Any] = {
        control_argument(pipeline) if name == "control_image" else name: image for name, image in images.items()
    }
    if count > 1 and "image" in images and "strength" in inspect.signature(type(pipeline).__call__).parameters:
        named["image"] = [images["image"]] * count
    return named


def _check_finite(latents: torch.Tensor) -> None:
    if not bool(torch.isfinite(latents).all()):
        raise NonFiniteResult
