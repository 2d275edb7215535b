"""Call the unmodified pipeline for one job, in the company of others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image

from worker.rendering.adapters import UsedLoras
from worker.rendering.batching import BatchJob
from worker.rendering.checkpoints import Checkpoint, open_journal
from worker.rendering.errors import NonFiniteResult, RequestRefused
from worker.rendering.models import LoadedModel
from worker.rendering.pipelines import build_pipeline, build_scheduler, control_argument, derive_task
from worker.rendering.prompts import JobPrompts, PromptCache, install_prompt_cache
from worker.rendering.watch_steps import StepEnd, watch_steps

#: Of a request, what the pipeline is not told: each is dealt with here or around here.
_NOT_THE_PIPELINES = frozenset(
    {
        *("num_images", "scheduler", "output_format", "loras", "deterministic", "seed"),
        *("image", "mask_image", "control_image"),
    }
)


@dataclass(frozen=True)
class RenderedImages:
    """The images of a job, and in what company they were drawn."""

    images: list[Image]
    #: Rows of each forward that the job's calls were part of (its own and those of others), and its seconds.
    batch_rows: list[int]
    forward_seconds: list[float]
    #: What the model read of the prompts.
    prompts: JobPrompts
    #: Whether the render could have been resumed (or why not), and the steps that it did not do because they were done.
    resume: str
    earlier_steps: int
    #: The LoRAs that it was drawn with, each with id, scale and sha256.
    loras: list[dict[str, Any]]


def render_images(
    model: LoadedModel,
    request: Mapping[str, Any],
    *,
    seeds: Sequence[int],
    on_step: Callable[[StepEnd], None],
    images: Mapping[str, Image] | None = None,
    job: BatchJob | None = None,
    prompt_cache: PromptCache | None = None,
    watch: Callable[[Any], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> RenderedImages:
    """One image for each seed, in order. `request` holds every parameter, resolved; `images` are the pictures that it names
    (`image`, `mask_image`, `control_image`), as large as the job draws: what it is to do follows from which there are.

    Its denoising steps run together with those of other jobs in other threads. `on_step` is told each step as it
    ends; what it raises ends the render at that step, and nobody else's. `job` tells others how much of the device
    this one takes. Prompts that are in `prompt_cache` are not encoded again; a prompt that is too long for the model is
    encoded in chunks where it can be. `watch` is shown the job's own pipeline object before it is called. With a
    `checkpoint` of the same job the steps that it has behind it are not done again. Raises CheckpointRefused when it is
    of anything else, ModelUnavailable for a LoRA that cannot be loaded, RequestRefused when the pipeline refuses the
    request before its first step, and NonFiniteResult when the model's numbers got out of hand.
    """
    job = job or BatchJob()
    job.is_deterministic = job.is_deterministic or bool(request.get("deterministic"))
    with model.adapters.use(request.get("loras") or (), model.batcher.paused) as loras:
        job.adapters = loras.adapters
        return _render(
            model,
            request,
            seeds=seeds,
            on_step=on_step,
            images=images or {},
            job=job,
            prompt_cache=prompt_cache,
            watch=watch,
            checkpoint=checkpoint,
            loras=loras,
        )


def _render(
    model: LoadedModel,
    request: Mapping[str, Any],
    *,
    seeds: Sequence[int],
    on_step: Callable[[StepEnd], None],
    images: Mapping[str, Image],
    job: BatchJob,
    prompt_cache: PromptCache | None,
    watch: Callable[[Any], None] | None,
    checkpoint: Checkpoint | None,
    loras: UsedLoras,
) -> RenderedImages:
    pipeline = build_pipeline(model, derive_task(images), control="control_image" in images)
    pipeline.scheduler = build_scheduler(request["scheduler"], model.pipeline.scheduler)
    # On the CPU, so that a seed means the same noise on every device.
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    journal = open_journal(
        model,
        pipeline,
        request,
        seeds=seeds,
        images=images,
        job=job,
        generators=generators,
        checkpoint=checkpoint,
    )
    steps_done = 0

    def end_step(end: StepEnd) -> None:
        nonlocal steps_done
        steps_done = end.step
        if end.is_last:
            model.batcher.leave(job)
        if end.is_last or model.device.type == "cpu":  # the check waits for a GPU, so there once
            _check_finite(end.latents)
        on_step(end)

    prompts = install_prompt_cache(
        pipeline,
        PromptCache(max_bytes=0) if prompt_cache is None else prompt_cache,
        model_id=model.id,
        adapters=loras.of_encoders,
        while_encoding=loras.while_encoding,
    )
    if watch is not None:
        watch(pipeline)
    watch_steps(pipeline, end_step, journal)
    try:
        with torch.inference_mode(), model.batcher.job(job):
            output = pipeline(
                **_arguments(pipeline, request),
                **_name_images(pipeline, images, count=len(seeds)),
                num_images_per_prompt=len(seeds),
                generator=generators,
                output_type="pil",
            )
    except ValueError as error:
        if steps_done == 0:
            raise RequestRefused(f"The model refused the request: {error}") from error
        raise
    return RenderedImages(
        output.images,
        job.batch_rows,
        job.forward_seconds,
        prompts,
        resume=journal.resume,
        earlier_steps=journal.earlier_steps,
        loras=loras.described,
    )


def _arguments(pipeline: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """What of the request this pipeline takes. An empty negative prompt is none."""
    accepted = inspect.signature(pipeline.__call__).parameters
    given = {name: value for name, value in request.items() if name in accepted and name not in _NOT_THE_PIPELINES}
    if not given.get("negative_prompt", True):
        given["negative_prompt"] = None
    return given


def _name_images(pipeline: Any, images: Mapping[str, Image], *, count: int) -> dict[str, Any]:
    """The pictures by the names that this pipeline has for them; one that it noises, as often as it is to be drawn on.

    Pipelines that are given such a picture once encode it with the first image's generator alone, and repeat what comes
    of it: the other images would begin elsewhere than when each is drawn alone, or (SD3) the pipeline fails.
    Pipelines that only look at a picture (FLUX.2) would take a list for several pictures to look at.
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
