"""The story of one attempt: claim, render, encode, upload, and record the outcome."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import structlog
from structlog.contextvars import bound_contextvars

from core.doorbell import DELIVER_NEXT, END_SWEEPS, SWEEPS_QUEUE, WEBHOOK_QUEUE, get_doorbell
from core.errors import LeaseLost
from core.fault_points import fault_point
from core.ids import format_id
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.outcomes.rendered import FilteredImage, Rendered
from core.jobs.status import FINISHED, JobStatus
from core.live_events.sender import get_event_sender
from core.logs import private_texts
from core.metrics import (
    ATTEMPTS_FINISHED,
    LEASES_LOST,
    QUEUE_WAIT_SECONDS,
    RENDER_DURATION_SECONDS,
    UPLOAD_DURATION_SECONDS,
)
from worker.rendering.attempt.attempt_end import AttemptEnd, find_end
from worker.rendering.attempt.attempt_reports import AttemptReport
from worker.rendering.attempt.commit_outcome import commit_outcome
from worker.rendering.attempt.lease_keeper import LeaseKeeper, keep_lease
from worker.rendering.batching import BatchJob
from worker.rendering.checkpoints import JobCheckpoints
from worker.rendering.drawing import Drawing
from worker.rendering.errors import WorkerDraining
from worker.rendering.failed_work import release_frames
from worker.rendering.images.encode import EncodedImage, encode_image
from worker.rendering.images.load_inputs import load_inputs
from worker.rendering.images.upload import upload_images
from worker.rendering.process.capacity import Slot
from worker.rendering.prompt_report import report_prompts
from worker.rendering.receipt import describe_outputs, describe_place, describe_render
from worker.rendering.render import render_images
from worker.rendering.replays import describe_replay, report_differences
from worker.rendering.runtime import Runtime
from worker.rendering.watch_steps import StepEnd

_log = structlog.get_logger()


def run_next_job(runtime: Runtime) -> bool:
    """Claim the next job of this worker's pool, and run one attempt of it to its outcome.

    Returns False if there was no job, or if the worker shuts down and claims no more.
    """
    with runtime.capacity.wait_for_slot(BatchJob()) as slot:
        if runtime.drain.has_begun or not runtime.device_watch.answers():
            return False
        attempt = runtime.claimer.claim(slot.take)
        runtime.liveness.note_look()
        if attempt is None:
            return False
        with _log_context(attempt), private_texts(attempt.request.values()):
            _log.info("job_claimed", model=attempt.model, waited_seconds=round(attempt.waited_seconds, 3))
            QUEUE_WAIT_SECONDS.labels(runtime.settings.render_pool).observe(attempt.waited_seconds)
            get_event_sender().announce(attempt.account_id, attempt.job_id)
            slot.job.is_alone = attempt.failed_on_our_side
            fault_point("after_claim")
            # What a load of the model or an earlier attempt takes part of says nothing about the next job.
            is_usual = attempt.checkpoint is None and attempt.model in runtime.models.resident_ids()
            with runtime.speeds.job() as job:
                if _run_attempt(runtime, attempt, slot) == JobStatus.SUCCEEDED and is_usual:
                    job.keep(attempt.model, attempt.cost)
    return True


def _log_context(attempt: ClaimedAttempt) -> AbstractContextManager[None]:
    return bound_contextvars(
        account_id=format_id("acc", attempt.account_id),
        job_id=format_id("job", attempt.job_id),
        attempt_number=attempt.attempt_number,
        request_id=attempt.request_id,
    )


def _run_attempt(runtime: Runtime, attempt: ClaimedAttempt, slot: Slot) -> JobStatus | None:
    """Returns where the job stands after the attempt; None: the lease was lost."""
    settings = runtime.settings
    with (
        keep_lease(attempt, settings, runtime.drain, on_stuck=runtime.emergency_exit.exit_stuck) as lease,
        runtime.cancel_notices.reaching(attempt.job_id, lease.expect_cancel),
        runtime.reports.reporting(attempt) as report,
    ):
        checkpoints = JobCheckpoints(
            attempt, lease, runtime.checkpoint_writer, every_seconds=settings.checkpoint_seconds
        )
        try:
            end = _render_to_end(runtime, attempt, lease, slot=slot, checkpoints=checkpoints, report=report)
            # The database may be away. While this waits, nothing of the render is held: other jobs need the memory.
            status = commit_outcome(end.write, give_up_after_seconds=settings.lease_seconds)
        except LeaseLost:
            _report_lost_lease()
            return None

    fault_point("after_commit")
    get_event_sender().announce(attempt.account_id, attempt.job_id)
    checkpoints.close(is_finished=status in FINISHED)
    ATTEMPTS_FINISHED.labels(status, end.failure_code).inc()
    _log.info("attempt_recorded", status=status)
    if status in FINISHED:
        get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
        if attempt.sweep_id is not None:
            get_doorbell().ring_soon(SWEEPS_QUEUE, END_SWEEPS)
    return status


def _render_to_end(
    runtime: Runtime,
    attempt: ClaimedAttempt,
    lease: LeaseKeeper,
    *,
    slot: Slot,
    checkpoints: JobCheckpoints,
    report: AttemptReport,
) -> AttemptEnd:
    """Renders, and returns the outcome to commit. Raises LeaseLost."""
    failed: Exception
    try:
        rendered = _render(runtime, attempt, lease, slot=slot, checkpoints=checkpoints, report=report)
    except LeaseLost:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, it ends this attempt and not the worker)
        failed = error
    else:
        return AttemptEnd(partial(runtime.successes.write, attempt_id=attempt.id, rendered=rendered))
    release_frames(failed)
    try:
        return find_end(failed, attempt, checkpoints, runtime.device_watch, step=lease.step)
    finally:
        # Its traceback holds this frame: they would hold each other.
        del failed


def _render(
    runtime: Runtime,
    attempt: ClaimedAttempt,
    lease: LeaseKeeper,
    *,
    slot: Slot,
    checkpoints: JobCheckpoints,
    report: AttemptReport,
) -> Rendered:
    drawn = _draw(runtime, attempt, lease, slot=slot, checkpoints=checkpoints, report=report)
    rendered = time.perf_counter()
    fault_point("after_encode")
    lease.check_held()

    stored = upload_images(drawn.images, attempt, runtime.uploads, on_stored=report.store_image)
    uploaded = time.perf_counter()
    lease.check_held()

    RENDER_DURATION_SECONDS.labels(attempt.model).observe(rendered - drawn.started)
    UPLOAD_DURATION_SECONDS.observe(uploaded - rendered)
    return Rendered(
        images=stored,
        receipt=drawn.receipt
        | {"outputs": describe_outputs(attempt, stored)}
        | describe_replay(attempt, drawn.receipt, drawn.images),
        warnings=drawn.warnings,
        prompt_report=drawn.prompt_report,
        render_ms=round((rendered - drawn.started) * 1000),
        upload_ms=round((uploaded - rendered) * 1000),
        filtered_images=tuple(FilteredImage(position, attempt.image_seeds[position]) for position in drawn.filtered),
    )


class _Drawn(NamedTuple):
    """What is left of a render when the model is another job's again."""

    #: By position.
    images: dict[int, EncodedImage]
    #: Positions of those that the model's content filter withheld.
    filtered: list[int]
    #: Without the outputs.
    receipt: dict[str, Any]
    warnings: list[str]
    prompt_report: dict[str, Any] | None
    #: When the model was there, on the clock of `time.perf_counter`.
    started: float


def _draw(
    runtime: Runtime,
    attempt: ClaimedAttempt,
    lease: LeaseKeeper,
    *,
    slot: Slot,
    checkpoints: JobCheckpoints,
    report: AttemptReport,
) -> _Drawn:
    def obey_lease(end: StepEnd) -> None:
        fault_point("mid_step")
        if end.is_last:
            # Decoding, encoding and uploading run while the next job denoises.
            slot.release()
        checkpoints.reach_step(end.step, end.steps, end.capture)
        try:
            lease.reach_step(end)
        except WorkerDraining:
            checkpoints.stop_at_step(end.capture)
            raise
        report.reach_step(lease.step)

    with runtime.models.use(attempt.model, while_waiting=lease.check_wanted) as model:
        report_differences(attempt, partial(describe_place, model, attempt))
        images = load_inputs(attempt, pipeline_class=type(model.pipeline).__name__)
        drawing = Drawing(attempt.request, attempt.image_seeds, images, slot.job, attempt.task)
        started = time.perf_counter()
        drawn = checkpoints.resume(
            lambda checkpoint: render_images(
                model,
                drawing,
                on_step=obey_lease,
                checkpoint=checkpoint,
                prompt_cache=runtime.prompt_cache,
                watch=partial(runtime.preview, attempt),
            )
        )
        receipt = describe_render(model, attempt, drawn)
        runtime.readers.store_soon(
            model.reading_pipelines,
            drawn.prompts,
            attempt.request,
            model_id=model.id,
            revision=attempt.model_revision,
        )
    fault_point("after_render")
    return _Drawn(
        {
            position: encode_image(
                image, attempt.request["output_format"], quality=attempt.request.get("output_quality")
            )
            for position, image in drawn.by_position.items()
        },
        drawn.filtered,
        receipt,
        [*drawn.prompts.warn(attempt.request), *drawn.warnings],
        report_prompts(runtime.catalog, attempt, drawn.prompts),
        started,
    )


def _report_lost_lease() -> None:
    # Another attempt has the job now. The objects of this one have its number in their keys, and are cleaned up later.
    _log.warning("lease_lost")
    LEASES_LOST.inc()
