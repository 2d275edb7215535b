"""Call the unmodified pipeline for one job, in the company of others."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image

from worker.rendering.batching import BatchJob
from worker.rendering.errors import NonFiniteResult, RequestRefused
from worker.rendering.models import LoadedModel
from worker.rendering.schedulers import build_scheduler
from worker.rendering.stepping import StepEnd, watch_steps

#: Of a request, what the pipeline is not told: each is dealt with here or around here.
_NOT_THE_PIPELINES = frozenset({"num_images", "scheduler", "output_format", "loras", "deterministic", "seed"})


@dataclass(frozen=True)
class RenderedImages:
    """The images of a job, and in what company they were drawn."""

    images: list[Image]
    #: Rows of each forward that the job's calls were part of (its own and those of others), and its seconds.
    batch_rows: list[int]
    forward_seconds: list[float]


def render_images(
    model: LoadedModel,
    request: Mapping[str, Any],
    *,
    seeds: Sequence[int],
    on_step: Callable[[StepEnd], None],
    images: Mapping[str, Image] | None = None,
    job: BatchJob | None = None,
) -> RenderedImages:
    """One image for each seed, in order. `request` holds every parameter, resolved; `images` those that are pictures.

    Its denoising steps run together with those of other jobs in other threads. `on_step` is told each step as it
    ends; what it raises ends the render at that step, and nobody else's. `job` tells others how much of the device
    this one takes. Raises RequestRefused when the pipeline refuses the request before its first step, and
    NonFiniteResult when the model's numbers got out of hand.
    """
    pipeline: Any = copy.copy(model.pipeline)
    pipeline.scheduler = build_scheduler(request["scheduler"], model.pipeline.scheduler)
    job = job or BatchJob(is_deterministic=bool(request.get("deterministic")))
    steps_done = 0

    def end_step(end: StepEnd) -> None:
        nonlocal steps_done
        steps_done = end.step
        if end.is_last:
            model.batcher.leave(job)
        if end.is_last or model.device.type == "cpu":  # the check waits for a GPU, so there once
            _check_finite(end.latents)
        on_step(end)

    watch_steps(pipeline.scheduler, end_step)
    try:
        with torch.inference_mode(), model.batcher.job(job):
            output = pipeline(
                **_arguments(pipeline, request),
                **(images or {}),
                num_images_per_prompt=len(seeds),
                # On the CPU, so that a seed means the same noise on every device.
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
                output_type="pil",
            )
    except ValueError as error:
        if steps_done == 0:
            raise RequestRefused(f"The model refused the request: {error}") from error
        raise
    return RenderedImages(output.images, job.batch_rows, job.forward_seconds)


def find_cut_off_prompts(model: LoadedModel, request: Mapping[str, Any]) -> list[str]:
    """A warning for each prompt that is longer than the model's tokenizer reads: the rest of it has no effect."""
    tokenizer = getattr(model.pipeline, "tokenizer", None)
    if tokenizer is None:
        return []
    lengths = {name: len(tokenizer(request[name]).input_ids) for name in ("prompt", "negative_prompt")}
    return [
        f"{name} has {length} tokens, of which the model read the first {tokenizer.model_max_length}"
        for name, length in lengths.items()
        if length > tokenizer.model_max_length
    ]


def _arguments(pipeline: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """What of the request this pipeline takes. An empty negative prompt is none."""
    accepted = inspect.signature(pipeline.__call__).parameters
    given = {name: value for name, value in request.items() if name in accepted and name not in _NOT_THE_PIPELINES}
    if not given.get("negative_prompt", True):
        given["negative_prompt"] = None
    return given


def _check_finite(latents: torch.Tensor) -> None:
    if not bool(torch.isfinite(latents).all()):
        raise NonFiniteResult
