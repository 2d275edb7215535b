"""What all the jobs of one rendering process share."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from celery.signals import worker_shutting_down

from core.catalog import Catalog, get_catalog
from core.jobs.request import RenderRequest
from core.jobs.resolve_request import resolve_request
from core.settings import Settings, get_settings
from worker.rendering.drain import Drain
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import Models
from worker.rendering.render import render_images
from worker.rendering.room import Room
from worker.rendering.stepping import StepEnd


@dataclass(frozen=True)
class Runtime:
    """One process, one device."""

    settings: Settings
    catalog: Catalog
    models: Models
    room: Room
    uploads: ThreadPoolExecutor
    drain: Drain
    #: Names the process in attempts and logs.
    worker_id: str

    def start(self) -> None:
        """Load the default model and draw with it once, so that the first job does not wait for that; and listen for
        the shutdown.
        """
        worker_shutting_down.connect(self._begin_drain)
        default = self.settings.default_model
        if self.catalog.models[default].pool != self.settings.render_pool:
            return
        request = resolve_request(
            RenderRequest(prompt="warm-up", num_inference_steps=2), catalog=self.catalog, default_model=default
        )
        try:
            render_images(self.models.load(default), request.parameters, seeds=[0], on_step=_ignore_step)
        except ModelUnavailable:
            # Said already where it was found; the jobs that need the model will fail and say so too.
            return

    def _begin_drain(self, **_: object) -> None:
        self.drain.begin(self.settings.drain_seconds)


def _ignore_step(_end: StepEnd) -> None:
    """Nobody waits for this picture."""


@cache
def get_runtime() -> Runtime:
    """The runtime of this process, built on first use."""
    settings = get_settings()
    catalog = get_catalog()
    return Runtime(
        settings=settings,
        catalog=catalog,
        models=Models(catalog, device=settings.render_device),
        room=Room(),
        uploads=ThreadPoolExecutor(settings.s3_upload_threads, thread_name_prefix="upload"),
        drain=Drain(),
        worker_id=f"{socket.gethostname()}:{os.getpid()}",
    )
