"""The story of one attempt: claim, render, encode, upload, and record the outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import structlog
from structlog.contextvars import bound_contextvars

from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.errors import LeaseLost
from core.fault_points import fault_point
from core.ids import format_id
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.outcomes.deadlines import NOT_ENDED_IN_TIME
from core.jobs.outcomes.record_outcome import record_cancellation, record_failure, record_interruption
from core.jobs.outcomes.rendered import FilteredImage, Rendered
from core.jobs.status import FINISHED, JobStatus
from core.logs import private_texts
from core.metrics import (
    ATTEMPTS_FINISHED,
    LEASES_LOST,
    QUEUE_WAIT_SECONDS,
    RENDER_DURATION_SECONDS,
    UPLOAD_DURATION_SECONDS,
)
from worker.rendering.attempt.commit_outcome import commit_outcome, in_one_commit
from worker.rendering.attempt.lease_keeper import LeaseKeeper, keep_lease
from worker.rendering.batching import BatchJob
from worker.rendering.checkpoints import JobCheckpoints
from worker.rendering.drawing import Drawing
from worker.rendering.errors import DeadlinePassed, JobCancelled, WorkerDraining, describe_failure
from worker.rendering.images.encode import encode_image
from worker.rendering.images.load_inputs import load_inputs
from worker.rendering.images.upload import upload_images
from worker.rendering.models import LoadedModel
from worker.rendering.process.capacity import Slot
from worker.rendering.receipt import build_receipt
from worker.rendering.render import render_images
from worker.rendering.runtime import Runtime
from worker.rendering.watch_steps import StepEnd

_log = structlog.get_logger()


def run_next_job(runtime: Runtime) -> bool:
    """Claim the next job of this worker's pool, and run one attempt of it to its outcome.

    Returns False if there was no job, or if the worker shuts down and claims no more.
    """
    with runtime.capacity.wait_for_slot(BatchJob()) as slot:
        if runtime.drain.has_begun:
            return False
        attempt = runtime.claimer.claim(slot.take)
        runtime.liveness.note_look()
        if attempt is None:
            return False
        with _log_context(attempt), private_texts(attempt.request.values()):
            _log.info("job_claimed", model=attempt.model, waited_seconds=round(attempt.waited_seconds, 3))
            QUEUE_WAIT_SECONDS.labels(runtime.settings.render_pool).observe(attempt.waited_seconds)
            fault_point("after_claim")
            _run_attempt(runtime, attempt, slot)
    return True


def _log_context(attempt: ClaimedAttempt) -> AbstractContextManager[None]:
    return bound_contextvars(
        account_id=format_id("acc", attempt.account_id),
        job_id=format_id("job", attempt.job_id),
        attempt_number=attempt.attempt_number,
        request_id=attempt.request_id,
    )


def _run_attempt(runtime: Runtime, attempt: ClaimedAttempt, slot: Slot) -> None:
    outcome: Callable[[], JobStatus]
    failure_code = ""
    settings = runtime.settings
    with keep_lease(attempt, settings, runtime.drain, on_stuck=runtime.emergency_exit.exit_stuck) as lease:
        checkpoints = JobCheckpoints(
            attempt, lease, runtime.checkpoint_writer, every_seconds=settings.checkpoint_seconds
        )
        try:
            with runtime.models.use(attempt.model, while_waiting=lease.check_wanted) as model:
                rendered = _render(model, runtime, attempt, lease, slot=slot, checkpoints=checkpoints)
            outcome = partial(runtime.successes.write, attempt_id=attempt.id, rendered=rendered)
        except LeaseLost:
            _report_lost_lease()
            return
        except JobCancelled:
            outcome = partial(in_one_commit, record_cancellation, attempt_id=attempt.id)
        except WorkerDraining:
            checkpoint = checkpoints.hand_back()
            _log.info("job_handed_back", step=checkpoint and checkpoint.step)
            outcome = partial(in_one_commit, record_interruption, attempt_id=attempt.id, checkpoint=checkpoint)
        except DeadlinePassed:
            failure_code = NOT_ENDED_IN_TIME.code
            outcome = partial(in_one_commit, record_failure, attempt_id=attempt.id, failure=NOT_ENDED_IN_TIME)
        except Exception as error:  # noqa: BLE001  (whatever it is, it ends this attempt and not the worker)
            failure = describe_failure(error)
            failure_code = failure.code
            _log.exception("attempt_failed", failure_code=failure_code)
            outcome = partial(in_one_commit, record_failure, attempt_id=attempt.id, failure=failure)

        try:
            status = commit_outcome(outcome, give_up_after_seconds=settings.lease_seconds)
        except LeaseLost:
            _report_lost_lease()
            return

    fault_point("after_commit")
    checkpoints.close(is_finished=status in FINISHED)
    ATTEMPTS_FINISHED.labels(status, failure_code).inc()
    _log.info("attempt_recorded", status=status)
    if status in FINISHED:
        get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)


def _render(
    model: LoadedModel,
    runtime: Runtime,
    attempt: ClaimedAttempt,
    lease: LeaseKeeper,
    *,
    slot: Slot,
    checkpoints: JobCheckpoints,
) -> Rendered:
    images = load_inputs(attempt, pipeline_class=type(model.pipeline).__name__)
    drawing = Drawing(attempt.request, attempt.image_seeds, images, slot.job, attempt.task)
    started = time.perf_counter()

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
    fault_point("after_render")
    output_format = attempt.request["output_format"]
    encoded = {position: encode_image(image, output_format) for position, image in drawn.by_position.items()}
    rendered = time.perf_counter()
    fault_point("after_encode")
    lease.check_held()

    stored = upload_images(encoded, attempt, runtime.uploads)
    uploaded = time.perf_counter()
    lease.check_held()

    RENDER_DURATION_SECONDS.labels(attempt.model).observe(rendered - started)
    UPLOAD_DURATION_SECONDS.observe(uploaded - rendered)
    return Rendered(
        images=stored,
        receipt=build_receipt(model, attempt, stored, drawn),
        warnings=[*drawn.prompts.warn(attempt.request), *drawn.warnings],
        render_ms=round((rendered - started) * 1000),
        upload_ms=round((uploaded - rendered) * 1000),
        filtered_images=tuple(FilteredImage(position, attempt.image_seeds[position]) for position in drawn.filtered),
    )


def _report_lost_lease() -> None:
    # Another attempt has the job now. The objects of this one have its number in their keys, and are cleaned up later.
    _log.warning("lease_lost")
    LEASES_LOST.inc()
