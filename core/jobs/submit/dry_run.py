"""What a job would be, without making it: everything is checked as at a submit, and nothing is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.authenticate import check_not_revoked
from core.accounts.tables import Account
from core.database import transaction
from core.errors import InvalidRequest, TooManyQueuedJobs
from core.jobs.priority import PriorityName
from core.jobs.queue.account_slots import count_jobs
from core.jobs.queue.fair_queue import find_next_position
from core.jobs.queue.queue_position import count_before
from core.jobs.request.input_images import take_out_images
from core.jobs.status import JobStatus
from core.jobs.submit.check_request import check_request, complete_problems, list_retention_errors, settle_style
from core.jobs.submit.new_job import NewJob, QueuedJob, Submission
from core.jobs.submit.submit_job import show_queued
from core.jobs.views.job_view import AppliedStyleView, JobView
from core.jobs.views.queue_view import QueueView


class DryRunView(BaseModel):
    """What the job would be. Nothing was queued or written."""

    model_config = ConfigDict(frozen=True)

    dry_run: bool = Field(default=True, description="Always true.")
    model: str
    task: str
    request: dict[str, object] = Field(
        description="Every parameter, with the defaults filled in. Without a seed, if the request has none: each job has its own."
    )
    style: AppliedStyleView | None = Field(
        description="The prompts as they would be rendered; null: as they are in `request`."
    )
    priority: PriorityName
    steps: int = Field(description="Denoising steps that it would take.")
    cost: float = Field(description="Megapixel-steps: pixels x steps x images / 1e6. What usage counts.")
    queue: QueueView = Field(description="Where it would stand now.")
    warnings: list[str]
    metadata: dict[str, str]


def try_submission(submission: Submission) -> DryRunView:
    """Raises what `submit_job` would raise, but for a repeated Idempotency-Key, which is not looked at."""
    submission = settle_style(submission)
    try:
        request, images = take_out_images(
            submission.request, job_id=submission.job_id, account_id=submission.account_id
        )
    except InvalidRequest as found:
        raise InvalidRequest(complete_problems(submission, found.errors, pictures_are_checked=True)) from None
    submission = replace(submission, request=request)
    with transaction() as session:
        if submission.api_key_id is not None:
            check_not_revoked(session.connection(), api_key_id=submission.api_key_id, account_id=submission.account_id)
        job = check_request(session, submission, images).job
        errors = list_retention_errors(session, submission)
        if errors:
            raise InvalidRequest(errors)
        _check_free_slot(session, submission)
        now, position = _find_place(session, job)
        is_paused = session.get_one(Account, job.account_id).paused_at is not None
    if submission.request.seed is None:
        # The job would have another one.
        del job.request["seed"]
    job.warnings += [warning for image in images for warning in image.warnings]
    return _show(job, show_queued(_queue(job, now, position, is_paused)))


def _check_free_slot(session: Session, submission: Submission) -> None:
    account = session.get_one(Account, submission.account_id)
    limit = account.max_queued_jobs or submission.settings.account_max_queued_jobs
    if count_jobs(session, account.id, JobStatus.QUEUED, up_to=limit) >= limit:
        raise TooManyQueuedJobs.of(limit)


def _find_place(session: Session, job: NewJob) -> tuple[datetime, int]:
    fair_position = find_next_position(session, account_id=job.account_id, pool=job.pool, priority=job.priority)
    before = count_before(pool=job.pool, priority=job.priority, fair_position=fair_position, job_id=job.id)
    return session.execute(select(func.now())).scalar_one(), session.execute(before).scalar_one()


def _queue(job: NewJob, now: datetime, position: int, is_paused: bool) -> QueuedJob:
    start, end = job.start_deadline_seconds, job.deadline_seconds
    return QueuedJob(
        **vars(job),
        created_at=now,
        start_deadline_at=None if start is None else now + timedelta(seconds=start),
        deadline_at=None if end is None else now + timedelta(seconds=end),
        jobs_before=position,
        account_is_paused=is_paused,
    )


def _show(job: NewJob, view: JobView) -> DryRunView:
    return DryRunView(
        model=view.model,
        task=view.task,
        request=view.request,
        style=view.style,
        priority=view.priority,
        steps=job.steps,
        cost=job.cost,
        queue=view.queue,
        warnings=view.warnings,
        metadata=view.metadata,
    )
