"""Tables of jobs, attempts, idempotency keys and fair queueing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id
from core.jobs.failures import FailureCode
from core.jobs.priority import HELD
from core.jobs.status import AttemptStatus, JobStatus


def _one_of(column: str, values: type[JobStatus | AttemptStatus | FailureCode]) -> str:
    return f"{column} in ({', '.join(repr(value.value) for value in values)})"


class Job(Table):
    """One request for images. It exists, and will reach an end, once its row is committed."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(_one_of("status", JobStatus), name="status"),
        CheckConstraint(_one_of("failure_code", FailureCode), name="failure_code"),
        CheckConstraint("(status = 'failed') = (failure_code is not null)", name="failure"),
        CheckConstraint(
            "(status in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null)", name="finished"
        ),
        CheckConstraint("status <> 'running' or current_attempt_id is not null", name="running_has_attempt"),
        CheckConstraint("status <> 'succeeded' or current_attempt_id is not null", name="succeeded_has_attempt"),
        CheckConstraint("attempts_used between 0 and max_attempts and max_attempts > 0", name="attempts"),
        CheckConstraint("attempts_used <= attempts_opened", name="attempts_opened"),
        CheckConstraint("cost > 0", name="cost"),
        CheckConstraint("finished_at is not null or (expired_at is null and deleted_at is null)", name="kept"),
        CheckConstraint("filtered_images is null or status = 'succeeded'", name="filtered_images"),
        # The order of work: a claim takes the first row of this index.
        Index("ix_jobs_claim", "pool", "priority", "fair_position", "id", postgresql_where=text("status = 'queued'")),
        Index("ix_jobs_running", "id", postgresql_where=text("status = 'running'")),
        Index("ix_jobs_account_id", "account_id", "id"),
        Index("ix_jobs_account_id_status", "account_id", "status", "id"),
        # What the sweep looks for: jobs whose time is over, and those that are held.
        Index(
            "ix_jobs_start_deadline_at",
            "start_deadline_at",
            postgresql_where=text("status = 'queued' and started_at is null and start_deadline_at is not null"),
        ),
        Index(
            "ix_jobs_deadline_at",
            "deadline_at",
            postgresql_where=text("finished_at is null and deadline_at is not null"),
        ),
        Index(
            "ix_jobs_held",
            *("account_id", "priority", "fair_position", "id"),
            postgresql_where=text(f"status = 'queued' and priority >= {HELD}"),
        ),
        # What retention looks for: images whose time is over, those that still have to leave the bucket, and rows.
        Index(
            "ix_jobs_expires_at", "expires_at", postgresql_where=text("expires_at is not null and expired_at is null")
        ),
        Index(
            "ix_jobs_expired_at",
            "expired_at",
            postgresql_where=text("expired_at is not null and objects_deleted_at is null"),
        ),
        Index(
            "ix_jobs_row_expires_at",
            "row_expires_at",
            postgresql_where=text("row_expires_at is not null and objects_deleted_at is not null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    status: Mapped[str] = mapped_column(server_default=JobStatus.QUEUED)

    # What was asked for, every default resolved, so that the row can be rendered again
    task: Mapped[str]
    model: Mapped[str]
    model_revision: Mapped[str]
    # JSON and not JSONB: people read it, so it keeps its order.
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    seed: Mapped[int] = mapped_column(BigInteger)
    # "metadata" is SQLAlchemy's own word on a mapped class
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    warnings: Mapped[list[str]]
    #: Denoising steps that it takes: fewer than num_inference_steps if it starts from an image. Null in rows of the release
    #: before this column.
    steps: Mapped[int | None]
    #: Megapixel-steps: width x height x steps x images / 1e6.
    cost: Mapped[float]

    # When it is its turn
    pool: Mapped[str]
    #: Lower goes first; `priority.py` says what the numbers mean.
    priority: Mapped[int] = mapped_column(server_default="1")
    fair_position: Mapped[float]
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When it must have started, and when it must have ended; null: no deadline.
    start_deadline_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]

    # Its attempts
    max_attempts: Mapped[int]
    #: How many attempts were opened: the number of the latest one.
    attempts_opened: Mapped[int] = mapped_column(server_default="0")
    #: The same without those that a shutdown interrupted.
    attempts_used: Mapped[int] = mapped_column(server_default="0")
    #: The attempt that holds the job, or the one that ended it.
    # No foreign key: each attempt that is pruned would have all jobs searched for it.
    current_attempt_id: Mapped[UUID | None]
    cancel_requested_at: Mapped[datetime | None]

    # How it ended
    failure_code: Mapped[str | None]
    failure_message: Mapped[str | None]
    #: What it takes to make the images again: revisions, hashes, versions, seeds, device.
    receipt: Mapped[dict[str, Any] | None]
    #: Position and seed of each image that the model's content filter withheld; null: of none.
    filtered_images: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    #: Of the HTTP request that sent it; in every log line about the job.
    request_id: Mapped[str]

    # How long it is kept: `retention/policy.py` computes the moments
    #: What the request asked for; null: what the account's policy says.
    retention_seconds: Mapped[int | None]
    #: When its images, and when its rows are to go; null: never.
    expires_at: Mapped[datetime | None]
    row_expires_at: Mapped[datetime | None]
    #: From here on its images are not given out.
    expired_at: Mapped[datetime | None]
    #: When they had left the bucket.
    objects_deleted_at: Mapped[datetime | None]
    #: When its owner deleted it: it is not shown any more, and its `Deletion` is the receipt.
    deleted_at: Mapped[datetime | None]


class JobAttempt(Table):
    """One try of a job by one worker. Its id is the fencing token of everything the worker writes."""

    __tablename__ = "job_attempts"
    __table_args__ = (
        UniqueConstraint("job_id", "attempt_number"),
        CheckConstraint(_one_of("status", AttemptStatus), name="status"),
        CheckConstraint("attempt_number > 0", name="attempt_number"),
        CheckConstraint("(status = 'running') = (finished_at is null)", name="finished"),
        # Small, and blind to the columns that every heartbeat changes.
        Index("ix_job_attempts_running", "id", postgresql_where=text("status = 'running'")),
        Index(
            "ix_job_attempts_objects",
            "finished_at",
            postgresql_where=text("status not in ('running', 'succeeded') and objects_deleted_at is null"),
        ),
        {"postgresql_with": {"fillfactor": 80}},  # room for heartbeats to update in place
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
    #: From 1; also part of the attempt's storage keys, so never given twice.
    attempt_number: Mapped[int]
    status: Mapped[str] = mapped_column(server_default=AttemptStatus.RUNNING)
    worker_id: Mapped[str]
    lease_expires_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    #: Denoising steps done, and how many there are.
    step: Mapped[int] = mapped_column(server_default="0")
    steps: Mapped[int]
    failure_code: Mapped[str | None]
    failure_message: Mapped[str | None]
    render_ms: Mapped[int | None]
    upload_ms: Mapped[int | None]
    #: Where its render can resume from: key, sha256 and step of an object in the bucket.
    checkpoint: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: When what an abandoned attempt may have uploaded was removed from the bucket.
    objects_deleted_at: Mapped[datetime | None]


class IdempotencyKey(Table):
    """A client's Idempotency-Key, and the job that its first request made."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    #: sha256 of the request as it was validated.
    request_sha256: Mapped[bytes]
    # No foreign key: the key outlives a deleted job, so that a late retry does not draw it again.
    job_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PoolClock(Table):
    """The virtual time of a pool's queue, for each priority: the fair position of the job claimed last."""

    __tablename__ = "pool_clocks"

    pool: Mapped[str] = mapped_column(primary_key=True)
    #: Of the normal priority.
    virtual_time: Mapped[float] = mapped_column(server_default="0")
    virtual_time_high: Mapped[float] = mapped_column(server_default="0")
    virtual_time_low: Mapped[float] = mapped_column(server_default="0")


class AccountClock(Table):
    """Where an account's work in a pool ends, in the virtual time of each priority."""

    __tablename__ = "account_clocks"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    pool: Mapped[str] = mapped_column(primary_key=True)
    #: Of the normal priority.
    virtual_finish: Mapped[float] = mapped_column(server_default="0")
    virtual_finish_high: Mapped[float] = mapped_column(server_default="0")
    virtual_finish_low: Mapped[float] = mapped_column(server_default="0")


class AccountQueue(Table):
    """The queue slots of an account, and the row at which its submits take turns."""

    __tablename__ = "account_queues"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    # The columns keep the names that the previous release's statements use.
    #: Jobs that can be accepted under this limit before those that wait have to be counted again.
    slots_left: Mapped[int] = mapped_column("room", server_default="0")
    counted_for_limit: Mapped[int] = mapped_column("room_limit", server_default="0")


class JobSource(Table):
    """A job that starts from another job's picture, which is kept for as long as the job has not ended."""

    __tablename__ = "job_sources"
    __table_args__ = (Index(None, "source_job_id"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    # No foreign key: the other one may go when this one has ended.
    source_job_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class Deletion(Table):
    """The receipt of a deleted job. It holds no content, and stays."""

    __tablename__ = "deletions"
    __table_args__ = (
        UniqueConstraint("job_id"),
        Index(None, "account_id", "id"),
        Index("ix_deletions_pending", "requested_at", postgresql_where=text("completed_at is null")),
        Index("ix_deletions_unswept", "completed_at", postgresql_where=text("swept_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    job_id: Mapped[UUID]
    #: The public part of the API key that asked for it, and the request.
    api_key_id: Mapped[str]
    request_id: Mapped[str]
    #: Key, kind, sha256 (null: not known) and moment of deletion of each object.
    objects: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When no object and no row of the job was left; null: the sweep still works on it.
    completed_at: Mapped[datetime | None]
    #: When the job's folders were emptied once more, after the time that a lost worker's upload may take.
    swept_at: Mapped[datetime | None]
