"""Draw previews in one thread for the whole process; steps are dropped if it cannot keep up."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID
from weakref import ReferenceType, ref

import structlog
import torch

from core.catalog.families import find_facts
from core.logs import describe_error
from worker.rendering.cores import set_threads
from worker.rendering.modules.list_schedulers import find_last_scheduler
from worker.rendering.previews.draw import Painter
from worker.rendering.previews.encode_preview import encode_preview
from worker.rendering.previews.estimate import StepTaken

#: Seconds between two previews of a job, and before the first: a shorter job needs none.
_PAUSE_SECONDS = 0.5

#: Steps that may wait to be drawn; each keeps a job's latents on the device.
_MOST_WAITING = 4

_log = structlog.get_logger()


class PreviewMaker:
    """The previews of one process."""

    def __init__(self, publish: Callable[[UUID, bytes], None]) -> None:
        """`publish` is called with a job's id and a WebP file, in the thread that draws."""
        self._publish = publish
        self._steps: queue.Queue[tuple[JobPreview, StepTaken]] = queue.Queue(_MOST_WAITING)
        self._painter = Painter()
        self._started = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, pipeline: Any, job_id: UUID, *, width: int, height: int, tiny: Path | None = None) -> None:
        """Draw previews from the steps of a job's own pipeline object and scheduler, at most twice a second. Sides in pixels.

        `tiny` is the folder of a small autoencoder that decodes the pipeline's latents; without one, or if it does not
        load, colours come from a linear map. A job whose latents cannot be drawn has no previews, and neither has one whose
        pipeline has a safety checker (they would show what that withholds) or steps the parts of a picture one by one. Call it
        in the job's own thread, before the render: an offloaded model can be used only now.
        """
        if getattr(pipeline, "safety_checker", None) is not None or find_facts(type(pipeline).__name__).steps_in_parts:
            return
        with self._started:
            if self._thread is None:
                self._thread = threading.Thread(target=self._draw_all, name="previews", daemon=True)
                self._thread.start()
        preview = JobPreview(self, job_id, ref(pipeline), width, height, tiny)
        try:
            self._painter.prepare(pipeline, tiny)
        except Exception as error:  # noqa: BLE001  (a preview that cannot be drawn does not harm its job)
            _log.warning("preview_not_drawn", pipeline=type(pipeline).__name__, error=describe_error(error))
            return
        scheduler = find_last_scheduler(pipeline)
        step = scheduler.step

        # Pipelines read the signature to find out what a scheduler takes, so it stays as it is.
        @functools.wraps(step)
        def watched(model_output: Any, timestep: Any, sample: Any, *arguments: Any, **options: Any) -> Any:
            result = step(model_output, timestep, sample, *arguments, **options)
            if preview.is_due:
                preview.offer(scheduler, model_output, timestep, sample, result)
            return result

        scheduler.step = watched

    def take(self, preview: JobPreview, taken: StepTaken) -> bool:
        """Draw the step soon. Returns False, and drops it, if enough steps are waiting."""
        try:
            self._steps.put_nowait((preview, taken))
        except queue.Full:
            return False
        return True

    def _draw_all(self) -> None:
        set_threads(1)
        while True:
            preview, taken = self._steps.get()
            pipeline = preview.pipeline()
            if pipeline is not None:
                self._draw(preview, taken, pipeline)
            del preview, taken, pipeline

    def _draw(self, preview: JobPreview, taken: StepTaken, pipeline: Any) -> None:
        try:
            picture = self._painter.draw(taken, pipeline, preview.width, preview.height, preview.tiny)
            self._publish(preview.job_id, encode_preview(picture, preview.width, preview.height))
        except Exception as error:  # noqa: BLE001  (a preview that cannot be drawn does not harm its job)
            preview.is_given_up = True
            _log.warning("preview_not_drawn", pipeline=type(pipeline).__name__, error=describe_error(error))


@dataclass
class JobPreview:
    """The previews of one job."""

    maker: PreviewMaker
    job_id: UUID
    #: The job's own, as long as the job needs it: a step that waits here does not keep a model in memory.
    pipeline: ReferenceType[Any]
    width: int
    height: int
    tiny: Path | None
    is_given_up: bool = False
    _drawn_at: float = field(default_factory=time.monotonic)

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next preview."""
        return not self.is_given_up and time.monotonic() - self._drawn_at >= _PAUSE_SECONDS

    def offer(self, scheduler: Any, model_output: Any, timestep: Any, sample: Any, result: Any) -> None:
        """Pass the first image of a step on to be drawn."""
        latents = result[0] if isinstance(result, tuple) else result.prev_sample
        if not all(isinstance(value, torch.Tensor) for value in (model_output, sample, latents)):
            return
        # The scheduler has already counted this step.
        index = getattr(scheduler, "step_index", None)
        taken = StepTaken(
            model_output=model_output[:1],
            timestep=timestep,
            sample=sample[:1],
            latents=latents[:1],
            step_index=None if index is None else index - 1,
        )
        if self.maker.take(self, taken):
            self._drawn_at = time.monotonic()
