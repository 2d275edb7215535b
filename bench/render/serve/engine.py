"""Darkroom's engine as a worker runs it: a thread for each job, which waits for a slot, and encodes while others denoise.

torch takes its threads from OMP_NUM_THREADS. It is not imported here: as in a worker, `worker.rendering` comes before it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from bench.render.jobs import STRENGTH, Job
from bench.render.serve.setting import Setting
from core.catalog import Catalog, ModelEntry, Task
from core.catalog.schedulers import OWN
from worker.rendering.batching import BatchJob
from worker.rendering.drawing import Drawing
from worker.rendering.images.encode import encode_image
from worker.rendering.models import Models
from worker.rendering.models.device import choose_device, share_cores
from worker.rendering.process.capacity import Capacity
from worker.rendering.render import render_images
from worker.rendering.watch_steps import StepEnd

#: More jobs than the engine takes at once: its capacity decides how many denoise.
THREADS = 32

_MODEL = "bench"

#: The catalog's task by the bench's.
_TASKS: dict[str, Task] = {"text": "text-to-image", "image": "image-to-image"}


class Engine:
    """A model, from which any number of threads may `render`; the end of the block unloads it."""

    def __init__(self, setting: Setting, *, forwards: int | None = None) -> None:
        """`forwards` as the setting CPU_FORWARDS."""
        side_by_side = share_cores(choose_device(setting.device), forwards)
        self._model = Models(_build_catalog(setting), device=setting.device, forwards=side_by_side).load(_MODEL)
        self._capacity = Capacity()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="job")

    def render(self, job: Job) -> bytes:
        """The job's PNG."""
        return self._threads.submit(self._run, job).result()

    def _run(self, job: Job) -> bytes:
        with self._capacity.wait_for_slot(BatchJob()) as slot:

            def release_slot(end: StepEnd) -> None:
                if end.is_last:
                    slot.release()

            images = {"image": job.input_picture()} if job.task == "image" else {}
            drawing = Drawing(self._build_request(job), [job.seed], images, slot.job, _TASKS[job.task])
            drawn = render_images(self._model, drawing, on_step=release_slot)
            return encode_image(drawn.images[0], "png").body

    def _build_request(self, job: Job) -> dict[str, Any]:
        return {
            "prompt": job.prompt,
            "width": job.width,
            "height": job.height,
            "num_inference_steps": job.steps,
            "guidance_scale": job.guidance_scale,
            "strength": STRENGTH,
            "scheduler": OWN,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
        self._model.batcher.close()


def _build_catalog(setting: Setting) -> Catalog:
    entry = ModelEntry(
        source=str(setting.model.resolve()),
        revision="1",
        licence="Apache-2.0",
        commercial_use=True,
        default_width=128,
        default_height=128,
        max_width=2048,
        max_height=2048,
        default_steps=12,
        max_steps=100,
        default_guidance_scale=3.0,
        schedulers=(OWN,),
        default_scheduler=OWN,
    )
    return Catalog(models={_MODEL: entry}, folder=setting.model.resolve().parent)
