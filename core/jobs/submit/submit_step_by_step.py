"""The long way of a submit, right by itself: check the key, take the idempotency key, look up images, take a slot, decide
whether the job is held, and write the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from core.accounts.authenticate import check_not_revoked
from core.artifacts.inputs import InputImage
from core.errors import JobDeleted
from core.jobs.priority import HELD
from core.jobs.queue.account_slots import AccountSlots
from core.jobs.queue.running_limit import runs_all_it_may
from core.jobs.request.input_images import build_input_rows
from core.jobs.request.picture_addresses import list_addresses
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.submit.await_pictures import await_pictures, leave_open
from core.jobs.submit.check_request import check_request
from core.jobs.submit.idempotency import digest_request, take_idempotency_key
from core.jobs.submit.insert_job import insert_job
from core.jobs.submit.new_job import NewJob, QueuedJob, Submission
from core.jobs.submit.queued_limit import take_slot
from core.jobs.submit.repeated_calls import join_call
from core.jobs.tables import Job, JobSource
from core.webhooks.job_webhooks import add_job_webhook


def submit_step_by_step(session: Session, submission: Submission, images: Sequence[InputImage] = ()) -> QueuedJob | Job:
    """Queues one job, or returns the `Job` that an earlier submission with the same Idempotency-Key, or an earlier try of the same
    call, made. It is accepted when the caller's transaction commits.

    `images` came with the request and lie in the bucket under the job's id; the request holds their ids. Raises
    InvalidRequest with the field, NotAuthenticated, IdempotencyKeyReused, JobDeleted and TooManyQueuedJobs.
    """
    account_id = submission.account_id
    if submission.api_key_id is not None:
        check_not_revoked(session.connection(), api_key_id=submission.api_key_id, account_id=account_id)
    first = _find_first(session, submission, images)
    if first is not None:
        return first

    checked = check_request(session, submission, images)
    job, inputs = checked.job, checked.inputs
    addresses = list_addresses(job.request)
    if addresses:
        leave_open(submission, job)
    job.warnings += [warning for image in images for warning in image.warnings]
    slots = take_slot(session, account_id=account_id, max_queued_jobs=submission.settings.account_max_queued_jobs)
    _check_retention(submission, slots)
    _hold_beyond_limit(session, submission, slots, job)
    queued = insert_job(session.connection(), job, weight=slots.weight)

    if addresses:
        await_pictures(session, [(submission, job)])
    sources = inputs.sources | _list_replayed(submission)
    if images or sources:
        session.add_all(build_input_rows(images, account_id=account_id))
        session.add_all(
            JobSource(job_id=job.id, source_job_id=source_id, account_id=account_id) for source_id in sources
        )
        session.flush()
    webhook = submission.request.webhook
    if webhook is not None:
        add_job_webhook(
            session,
            account_id=account_id,
            job_id=job.id,
            url=webhook.url,
            events=webhook.events,
            shape=submission.webhook_shape,
        )
    return queued


def _list_replayed(submission: Submission) -> set[UUID]:
    """The job whose images a replay is compared with: they are kept until it has ended."""
    origin = submission.origin
    return {origin.job_id} if origin is not None and origin.replayed is not None else set()


def _find_first(session: Session, submission: Submission, images: Sequence[InputImage]) -> Job | None:
    """Returns the job that an earlier submission with the same key, or an earlier try of the same call, made, if there is one."""
    account_id, key, call = submission.account_id, submission.idempotency_key, submission.call
    if key is None and call is None:
        return None
    digest = digest_request(submission.request, images, origin=submission.origin)
    if key is not None:
        first_id = take_idempotency_key(
            session, account_id=account_id, key=key, request_sha256=digest, job_id=submission.job_id
        )
    elif call is not None:
        first_id = join_call(session, call, account_id=account_id, request_sha256=digest, job_id=submission.job_id)
    if first_id is None:
        return None
    first = session.get(Job, first_id)
    if first is None or first.deleted_at is not None:
        raise JobDeleted
    return first


def _check_retention(submission: Submission, slots: AccountSlots) -> None:
    policy = RetentionPolicy.of(
        submission.settings,
        artifact_seconds=slots.artifact_retention_seconds,
        job_seconds=slots.job_retention_seconds,
    )
    policy.check(submission.request.retention_seconds)


def _hold_beyond_limit(session: Session, submission: Submission, slots: AccountSlots, job: NewJob) -> None:
    """Has the job wait out of the sight of claims, if its account runs as many jobs as it may."""
    limit = slots.max_running_jobs or submission.settings.account_max_running_jobs
    if limit is not None and runs_all_it_may(session, account_id=job.account_id, limit=limit):
        job.priority += HELD
