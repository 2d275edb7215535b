"""The door of a submit, and its short way: from a request to a job that is committed, and whose workers are rung for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Connection

from core.artifacts.inputs import discard_inputs, stored_inputs
from core.artifacts.tables import Artifact
from core.database import autocommit, transaction
from core.doorbell import FETCH_NEXT, FETCH_QUEUE, RENDER_NEXT, get_doorbell, render_queue
from core.errors import InvalidRequest
from core.fault_points import fault_point
from core.jobs.queue.outlook import PoolOutlook, find_outlook, find_outlook_alone
from core.jobs.request.input_images import list_input_artifacts, take_out_images
from core.jobs.request.picture_addresses import list_addresses
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.submit.check_request import complete_problems, settle_style
from core.jobs.submit.insert_job import insert_job_into_free_slot
from core.jobs.submit.new_job import QueuedJob, Submission, build_new_job
from core.jobs.submit.submit_step_by_step import submit_step_by_step
from core.jobs.submit.submit_turns import submit_turn
from core.jobs.tables import Job
from core.jobs.views.assemble_view import assemble_view
from core.jobs.views.build_view import build_job_view
from core.jobs.views.job_view import JobView
from core.jobs.views.queue_view import build_queue_view


class AcceptedJob(NamedTuple):
    """A job that is committed."""

    view: JobView
    #: The pool of a new job; None: an earlier submission with the same Idempotency-Key, or an earlier try of the call, made the job.
    pool: str | None

    @property
    def is_new(self) -> bool:
        """Whether this submission made the job."""
        return self.pool is not None


def submit_job(submission: Submission) -> AcceptedJob:
    """Queues one job, commits it, and rings for its workers; or returns the job that an earlier submission with the same
    Idempotency-Key, or an earlier try of the same call, made. Once it returns, the job is accepted and will reach an end.

    Raises InvalidRequest with each field, NotAuthenticated if the API key has been revoked, TooManyQueuedJobs,
    IdempotencyKeyReused if the key came with another body before, JobDeleted if the job that it made has been deleted,
    PicturesBusy or SubmitsBusy if the account does too much of it at the moment, and StorageUnavailable if the object store does not take
    the images.
    """
    submission = settle_style(submission)
    accepted = None if needs_decisions(submission) else _take_short_way(submission)
    if accepted is None:
        accepted = _take_long_way(submission)
    fault_point("after_submit_commit")

    if accepted.pool is not None:
        get_doorbell().ring_soon(
            render_queue(accepted.pool),
            RENDER_NEXT,
            pool=accepted.pool,
            rung_for=accepted.view.id,
            request_id=submission.request_id,
        )
    return accepted


def needs_decisions(submission: Submission) -> bool:
    """Whether the submission alone shows that one statement is not enough: it may be a repeated one, it is made from another job,
    it has images that must be looked up, a webhook of its own, its retention has to be compared with the account's, or the account's running jobs
    counted.
    """
    request = submission.request
    return (
        submission.idempotency_key is not None
        or submission.call is not None
        or submission.origin is not None
        or submission.settings.account_max_running_jobs is not None
        or request.retention_seconds is not None
        or request.webhook is not None
        or any(getattr(request, field) is not None for field in IMAGE_FIELDS)
    )


def submit_in_one_statement(connection: Connection, submission: Submission) -> QueuedJob | None:
    """Queues one job that `needs_decisions` is False for. Returns None, with nothing written, if the database shows that
    there is something to decide: then `submit_step_by_step` does it. Raises InvalidRequest with the field.
    """
    return insert_job_into_free_slot(
        connection,
        build_new_job(submission, input_sizes={}),
        max_queued_jobs=submission.settings.account_max_queued_jobs,
        api_key_id=submission.api_key_id,
    )


def _take_short_way(submission: Submission) -> AcceptedJob | None:
    fault_point("before_submit_commit")
    with submit_turn(submission.account_id), autocommit() as connection:
        queued = submit_in_one_statement(connection, submission)
    return None if queued is None else AcceptedJob(show_queued(queued), queued.pool)


def _take_long_way(submission: Submission) -> AcceptedJob:
    try:
        request, images = take_out_images(
            submission.request, job_id=submission.job_id, account_id=submission.account_id
        )
    except InvalidRequest as found:
        raise InvalidRequest(complete_problems(submission, found.errors, pictures_are_checked=True)) from None
    submission = replace(submission, request=request)
    with stored_inputs(images), submit_turn(submission.account_id), transaction() as session:
        submitted = submit_step_by_step(session, submission, images)
        if isinstance(submitted, Job):
            accepted = AcceptedJob(build_job_view(session, submitted), None)
        else:
            inputs = list_input_artifacts(session, {submitted.id: submitted.request})[submitted.id]
            outlook = find_outlook(session, submitted.pool)
            accepted = AcceptedJob(show_queued(submitted, inputs, outlook=outlook), submitted.pool)
        fault_point("before_submit_commit")
    if not accepted.is_new:
        discard_inputs(images)
    elif list_addresses(accepted.view.request):
        get_doorbell().ring_soon(FETCH_QUEUE, FETCH_NEXT)
    return accepted


def show_queued(
    job: QueuedJob, inputs: Mapping[str, Artifact] = MappingProxyType({}), *, outlook: PoolOutlook | None = None
) -> JobView:
    """What a read shows a moment later. `outlook`: of its pool, from a caller that holds a connection."""

    def find(pool: str) -> PoolOutlook:
        return find_outlook_alone(pool) if outlook is None else outlook

    return assemble_view(job, None, inputs, outputs=[], queue=lambda: build_queue_view(job, None, find), with_urls=True)
