"""The short way of a submit: one statement that takes the account's slot and writes the row, or writes nothing."""

from __future__ import annotations

from sqlalchemy import Connection

from core.jobs.request.input_images import IMAGE_FIELDS
from core.jobs.submit.insert_job import insert_job_into_free_slot
from core.jobs.submit.new_job import QueuedJob, Submission, build_new_job


def needs_decisions(submission: Submission) -> bool:
    """Whether the submission alone shows that one statement is not enough: it may be a repeated one, it has images that
    must be looked up, its retention has to be compared with the account's, or the account's running jobs counted.
    """
    request = submission.request
    return (
        submission.idempotency_key is not None
        or submission.settings.account_max_running_jobs is not None
        or request.retention_seconds is not None
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
