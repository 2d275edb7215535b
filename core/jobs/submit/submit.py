"""Take an order: one row, which is a promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from core.artifacts.inputs import InputImage
from core.catalog import Catalog
from core.errors import JobDeleted
from core.ids import new_id
from core.jobs.queue.priority import HELD, PRIORITIES
from core.jobs.queue.running_limit import runs_all_it_may
from core.jobs.request.input_images import IMAGE_FIELDS, build_input_rows, resolve_inputs
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import resolve_request
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.submit.idempotency import digest_request, take_idempotency_key
from core.jobs.submit.insert_job import insert_in_one_statement, insert_job
from core.jobs.submit.new_job import NewJob, QueuedJob, QueuePlace
from core.jobs.submit.queued_limit import take_slot
from core.jobs.tables import Job, JobSource
from core.settings import Settings


def submit_job(
    session: Session,
    request: RenderRequest,
    *,
    account_id: UUID,
    request_id: str,
    idempotency_key: str | None,
    catalog: Catalog,
    settings: Settings,
    job_id: UUID | None = None,
    images: Sequence[InputImage] = (),
) -> QueuedJob | Job:
    """Queue one job, or find the `Job` that an earlier call with the same Idempotency-Key made. It is accepted when the
    caller's transaction commits.

    `images` came with the request and lie in the bucket, under the `job_id` that they name; the request holds their
    ids. Raises InvalidRequest with the field, IdempotencyKeyReused when the key came with another body before,
    JobDeleted when the job that it made has been deleted, and TooManyQueuedJobs.
    """
    job_id = job_id or new_id()
    if idempotency_key is not None:
        first_id = take_idempotency_key(
            session,
            account_id=account_id,
            key=idempotency_key,
            request_sha256=digest_request(request, images),
            job_id=job_id,
        )
        if first_id is not None:
            first = session.get(Job, first_id)
            if first is None or first.deleted_at is not None:
                raise JobDeleted
            return first

    inputs = resolve_inputs(session, request, images, account_id=account_id)
    order = _Order(request, account_id, request_id, job_id, catalog, settings)
    job = order.resolve(inputs.sizes)
    place = _take_a_place(session, job, order)
    if images or inputs.sources:
        session.add_all(build_input_rows(images, account_id=account_id))
        session.add_all(
            JobSource(job_id=job_id, source_job_id=source_id, account_id=account_id) for source_id in inputs.sources
        )
        session.flush()
    return QueuedJob(job, place)


def submit_in_one_statement(
    connection: Connection,
    request: RenderRequest,
    *,
    account_id: UUID,
    request_id: str,
    catalog: Catalog,
    settings: Settings,
    job_id: UUID,
    api_key_id: str,
) -> QueuedJob | None:
    """Queue one job that has neither an Idempotency-Key nor images, in one statement, which may be a transaction of its
    own. None, with nothing written, where `submit_job` has to look closer, and where the key does not open the account
    any more. Raises InvalidRequest with the field.
    """
    order = _Order(request, account_id, request_id, job_id, catalog, settings)
    if not order.is_plain or any(getattr(request, field) is not None for field in IMAGE_FIELDS):
        return None
    job = order.resolve({})
    place = order.insert_in_one_statement(connection, job, api_key_id=api_key_id)
    return None if place is None else QueuedJob(job, place)


@dataclass(frozen=True)
class _Order:
    request: RenderRequest
    account_id: UUID
    request_id: str
    job_id: UUID
    catalog: Catalog
    settings: Settings

    @property
    def is_plain(self) -> bool:
        """Whether the account's room may be all that has to be looked at."""
        return self.settings.account_max_running_jobs is None and self.request.retention_seconds is None

    def resolve(self, input_sizes: dict[str, tuple[int, int]]) -> NewJob:
        """The row, without its place in the queue."""
        request = self.request
        resolved = resolve_request(
            request, catalog=self.catalog, default_model=self.settings.default_model, input_sizes=input_sizes
        )
        return NewJob(
            id=self.job_id,
            account_id=self.account_id,
            task=resolved.task,
            model=resolved.model,
            model_revision=resolved.model_revision,
            request=resolved.parameters,
            seed=resolved.seed,
            metadata=request.metadata,
            warnings=resolved.warnings,
            cost=resolved.cost,
            pool=resolved.pool,
            priority=PRIORITIES[request.priority],
            max_attempts=self.settings.max_attempts,
            retention_seconds=request.retention_seconds,
            request_id=self.request_id,
            start_deadline_seconds=request.start_deadline_seconds,
            deadline_seconds=request.deadline_seconds,
        )

    def insert_in_one_statement(
        self, connection: Connection, job: NewJob, *, api_key_id: str | None
    ) -> QueuePlace | None:
        """The job's place; None, with nothing written, where that takes a closer look."""
        return insert_in_one_statement(
            connection, job, max_queued_jobs=self.settings.account_max_queued_jobs, api_key_id=api_key_id
        )


def _take_a_place(session: Session, job: NewJob, order: _Order) -> QueuePlace:
    """Write the row, where the account may have one more job."""
    request, settings = order.request, order.settings
    if order.is_plain:
        # Most submits: one statement for all.
        place = order.insert_in_one_statement(session.connection(), job, api_key_id=None)
        if place is not None:
            return place

    share = take_slot(session, account_id=job.account_id, max_queued_jobs=settings.account_max_queued_jobs)
    policy = RetentionPolicy.of(
        settings, artifact_seconds=share.artifact_retention_seconds, job_seconds=share.job_retention_seconds
    )
    policy.check(request.retention_seconds)
    max_running = share.max_running_jobs or settings.account_max_running_jobs
    if max_running is not None and runs_all_it_may(session, account_id=job.account_id, limit=max_running):
        job.priority += HELD
    return insert_job(session.connection(), job, weight=share.weight)
