"""The door of a submit: from a request to a job that is committed, and whose workers are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from core.artifacts.inputs import InputImage, discard_inputs, stored_inputs
from core.database import autocommit, transaction
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.fault_points import fault_point
from core.jobs.request.input_images import list_input_artifacts, take_out_images
from core.jobs.submit.new_job import Submission
from core.jobs.submit.new_job_view import build_new_job_view
from core.jobs.submit.submit_in_one_statement import needs_decisions, submit_in_one_statement
from core.jobs.submit.submit_step_by_step import submit_step_by_step
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view
from core.jobs.views.job_view import JobView


class AcceptedJob(NamedTuple):
    """A job that is committed."""

    view: JobView
    #: Of a new job, whose workers are told; None: an earlier submission with the same Idempotency-Key made the job.
    pool: str | None

    @property
    def is_new(self) -> bool:
        """Whether this submission made the job."""
        return self.pool is not None


def submit_job(submission: Submission) -> AcceptedJob:
    """Queues one job, commits it, and rings for its workers; or returns the job that an earlier submission with the same
    Idempotency-Key made. Once it returns, the job is accepted and will reach an end.

    Raises InvalidRequest with each field, NotAuthenticated if the API key has been revoked, TooManyQueuedJobs,
    IdempotencyKeyReused if the key came with another body before, JobDeleted if the job that it made has been deleted,
    and StorageUnavailable if the object store does not take the images.
    """
    request, images = take_out_images(submission.request, job_id=submission.job_id)
    submission = replace(submission, request=request)
    accepted = None if needs_decisions(submission) else _submit_in_one_statement(submission)
    if accepted is None:
        accepted = _submit_step_by_step(submission, images)
    fault_point("after_submit_commit")

    if accepted.pool is None:
        discard_inputs(images)
    else:
        get_doorbell().ring_soon(
            render_queue(accepted.pool),
            RENDER_NEXT,
            pool=accepted.pool,
            rung_for=accepted.view.id,
            request_id=submission.request_id,
        )
    return accepted


def _submit_in_one_statement(submission: Submission) -> AcceptedJob | None:
    fault_point("before_submit_commit")
    with autocommit() as connection:
        queued = submit_in_one_statement(connection, submission)
    return None if queued is None else AcceptedJob(build_new_job_view(queued), queued.pool)


def _submit_step_by_step(submission: Submission, images: Sequence[InputImage]) -> AcceptedJob:
    with stored_inputs(images), transaction() as session:
        submitted = submit_step_by_step(session, submission, images)
        if isinstance(submitted, Job):
            accepted = AcceptedJob(build_job_view(session, submitted), None)
        else:
            inputs = list_input_artifacts(session, {submitted.id: submitted.request})[submitted.id]
            accepted = AcceptedJob(build_new_job_view(submitted, inputs=inputs), submitted.pool)
        fault_point("before_submit_commit")
    return accepted
