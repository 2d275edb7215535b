"""What all jobs of one rendering process share."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down

from core.catalog import Catalog, get_catalog
from core.errors import InvalidRequest, ModelNotFetched
from core.ids import new_id
from core.jobs.attempts.affinity import Preference
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import resolve_request
from core.logs import describe_error
from core.metrics import WORKER_SLOTS, WORKER_SLOTS_IN_USE
from core.pools.presence import Paused, Presence
from core.settings import Settings, get_settings
from worker.rendering.attempt.attempt_reports import AttemptReports
from worker.rendering.attempt.cancel_notices import CancelNotices
from worker.rendering.attempt.group_claimer import GroupClaimer
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter
from worker.rendering.checkpoints import CheckpointWriter
from worker.rendering.device_errors import is_out_of_memory
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import Models
from worker.rendering.models.device import choose_device, share_cores
from worker.rendering.previews import PreviewMaker
from worker.rendering.process.capacity import Capacity
from worker.rendering.process.device_watch import DeviceWatch
from worker.rendering.process.drain import Drain
from worker.rendering.process.emergency_exit import EmergencyExit
from worker.rendering.process.liveness import Liveness
from worker.rendering.process.presence_keeper import PresenceKeeper
from worker.rendering.process.speed_meter import SpeedMeter
from worker.rendering.prompts import PromptCache, ReaderStore
from worker.rendering.render import render_images
from worker.rendering.versions import list_versions
from worker.rendering.watch_steps import StepEnd

_log = structlog.get_logger()


@dataclass(frozen=True)
class Runtime:
    """The parts of one rendering process, which has one device."""

    settings: Settings
    catalog: Catalog
    models: Models
    capacity: Capacity
    prompt_cache: PromptCache
    readers: ReaderStore
    previews: PreviewMaker
    uploads: ThreadPoolExecutor
    drain: Drain
    checkpoint_writer: CheckpointWriter
    claimer: GroupClaimer
    successes: GroupSuccessWriter
    emergency_exit: EmergencyExit
    device_watch: DeviceWatch
    liveness: Liveness
    speeds: SpeedMeter
    presence: PresenceKeeper
    reports: AttemptReports
    cancel_notices: CancelNotices

    def start(self) -> None:
        """Show that this worker is there. Load the default model and draw with it once, so that the first job need not wait for
        that. Connect to Celery's signals for the start and the shutdown of the worker. Serve its slots as metrics.
        """
        self.presence.start()
        WORKER_SLOTS.set(self.settings.render_concurrency)
        WORKER_SLOTS_IN_USE.set_function(self.capacity.count_unfinished)
        self.cancel_notices.start()
        worker_ready.connect(self._begin_watch)
        worker_shutting_down.connect(self._begin_drain)
        worker_shutdown.connect(self._end_presence)
        default = self.settings.default_model
        if self.catalog.models[default].pool != self.settings.render_pool:
            return
        try:
            request = resolve_request(
                RenderRequest(prompt="warm-up", num_inference_steps=2), catalog=self.catalog, default_model=default
            )
            model = self.models.load(default)
            drawn = render_images(model, Drawing(request.parameters, seeds=[0]), on_step=_ignore_step)
            self.readers.store_soon(
                model.reading_pipelines,
                drawn.prompts,
                request.parameters,
                model_id=default,
                revision=request.model_revision,
            )
        except InvalidRequest as error:
            _log.warning("default_model_takes_no_jobs", model=default, reason=str(error))
        except ModelUnavailable:
            # It is already in the log, and the jobs that need the model fail with it.
            return
        except Exception as error:
            if not self.device_watch.look_at(error) and not is_out_of_memory(error):
                raise
            # Another process has the memory for now; the jobs that come may find some. A lost device ends the process.
            _log.warning("default_model_not_drawn", model=default, error=describe_error(error))

    def preview(self, attempt: ClaimedAttempt, pipeline: Any) -> None:
        """Make previews from the job's own pipeline object, if the size of the picture is known."""
        width, height = attempt.request.get("width"), attempt.request.get("height")
        if width is not None and height is not None:
            tiny = self._find_tiny_autoencoder(attempt.model)
            self.previews.watch(pipeline, attempt.job_id, width=width, height=height, tiny=tiny)

    def _find_tiny_autoencoder(self, model_id: str) -> Path | None:
        source = self.catalog.get(model_id).preview
        try:
            return None if source is None else self.catalog.locate(model_id, source)
        except ModelNotFetched:
            return None  # previews work without it

    def _begin_watch(self, **_: object) -> None:
        options = {
            "patience_seconds": self.settings.liveness_seconds,
            "is_over": lambda: self.drain.has_begun,
            "give_up": self.emergency_exit.exit_deaf,
        }
        threading.Thread(target=self.liveness.watch, kwargs=options, name="liveness", daemon=True).start()

    def _begin_drain(self, **_: object) -> None:
        self.drain.begin(self.settings.drain_seconds)

    def _end_presence(self, **_: object) -> None:
        self.presence.stop()


def _ignore_step(_end: StepEnd) -> None:
    """The warm-up has no lease to obey."""


@cache
def get_runtime() -> Runtime:
    """The runtime of this process, built at its first use."""
    settings = get_settings()
    catalog = get_catalog()
    drain, capacity = Drain(), Capacity()
    emergency_exit = EmergencyExit(drain, capacity)
    device = choose_device(settings.render_device)
    models = Models(
        catalog,
        device=settings.render_device,
        budget_bytes=settings.model_cache_bytes,
        forwards=share_cores(device, settings.cpu_forwards),
    )

    reports = AttemptReports()
    worker_id = f"{socket.gethostname()}:{os.getpid()}"
    presence_id = new_id()
    speeds = SpeedMeter(load_seconds=models.load_seconds)

    def describe_worker() -> ClaimingWorker:
        return ClaimingWorker(
            pool=settings.render_pool,
            worker_id=worker_id,
            lease_seconds=settings.lease_seconds,
            max_running_jobs=settings.account_max_running_jobs,
            prefer=Preference(
                resident=frozenset(models.resident_ids()),
                joinable=capacity.shapes(),
                max_wait_seconds=settings.affinity_max_wait_seconds,
            ),
        )

    def describe_presence() -> Presence:
        return Presence(
            id=presence_id,
            worker_id=worker_id,
            pool=settings.render_pool,
            models=[
                model_id
                for model_id, entry in catalog.models.items()
                if entry.pool == settings.render_pool and catalog.is_available(model_id)
            ],
            loaded=sorted(models.resident_ids()),
            loading=sorted(models.loading_ids()),
            slots=settings.render_concurrency,
            is_draining=drain.has_begun,
            speeds=speeds.fit(),
            versions=list_versions(),
        )

    def obey(paused: Paused) -> None:
        if paused.pool or paused.models:
            models.release(paused.covers)

    return Runtime(
        settings=settings,
        catalog=catalog,
        models=models,
        capacity=capacity,
        prompt_cache=PromptCache(),
        readers=ReaderStore(),
        previews=PreviewMaker(reports.publish_preview),
        uploads=ThreadPoolExecutor(settings.s3_upload_threads, thread_name_prefix="upload"),
        drain=drain,
        checkpoint_writer=CheckpointWriter(),
        claimer=GroupClaimer(describe_worker),
        successes=GroupSuccessWriter(),
        emergency_exit=emergency_exit,
        device_watch=DeviceWatch(device, emergency_exit.exit_device_lost),
        liveness=Liveness(
            pool=settings.render_pool, could_claim=lambda: capacity.has_slot(threads=settings.render_concurrency)
        ),
        speeds=speeds,
        presence=PresenceKeeper(
            describe_presence, obey, changes=lambda: (models.resident_ids(), models.loading_ids(), drain.has_begun)
        ),
        reports=reports,
        cancel_notices=CancelNotices(),
    )
