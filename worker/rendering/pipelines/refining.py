"""The last steps of a job, drawn by the model's refiner: an ensemble of experts, each for a part of the noise levels (Podell et
al. 2023, arXiv 2307.01952).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from worker.rendering.drawing import Drawing
from worker.rendering.models import LoadedModel
from worker.rendering.pipelines.arguments import build_arguments
from worker.rendering.pipelines.schedulers import build_scheduler

#: The order of schedulers that call the denoiser twice for a step.
_SECOND = 2


@dataclass(frozen=True)
class Refining:
    """The refiner's part of one job."""

    #: The job's own, with a scheduler of its own.
    pipeline: Any
    drawing: Drawing
    #: The part of the noise levels, from 0 to 1, after which it begins.
    refine_from: float

    def count_steps(self, first: Any) -> int:
        """The steps of both: `first` is the scheduler of the pipeline that begins. As both pipelines divide the timesteps."""
        steps = self.drawing.request["num_inference_steps"]
        base, last = copy.deepcopy(first), copy.deepcopy(self.pipeline.scheduler)
        for scheduler in (base, last):
            scheduler.set_timesteps(steps)
        trained = last.config.num_train_timesteps
        border = round(trained - self.refine_from * trained)
        ended = int((last.timesteps < border).sum())
        if last.order == _SECOND and ended % 2 == 0:
            ended += 1
        return int((base.timesteps >= border).sum()) + ended

    def draw(self, latents: torch.Tensor, generators: Sequence[torch.Generator]) -> Any:
        """What the refiner's pipeline returns for the latents of the pipeline that began."""
        arguments = build_arguments(self.pipeline, replace(self.drawing, images={}), {})
        return self.pipeline(
            **arguments,
            image=latents,
            denoising_start=self.refine_from,
            generator=generators,
            output_type="pil",
        )


def find_refining(model: LoadedModel, drawing: Drawing) -> Refining | None:
    """The refiner's part of the drawing, or None."""
    refine_from = drawing.request.get("refine_from", 1.0)
    if model.refiner is None or refine_from >= 1:
        return None
    pipeline = copy.copy(model.refiner)
    pipeline.scheduler = build_scheduler(drawing.request["scheduler"], pipeline.scheduler, from_picture=True)
    return Refining(pipeline, drawing, float(refine_from))
