"""Tables of jobs, their attempts, idempotency keys and what a job starts from."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
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
        Index("ix_jobs_style", "account_id", "style", "id", postgresql_where=text("style is not null")),
        # The jobs of a sweep, and whether one of them has not ended.
        Index("ix_jobs_sweep_id", "sweep_id", "id", postgresql_where=text("sweep_id is not null")),
        Index("ix_jobs_sweep_open", "sweep_id", postgresql_where=text("sweep_id is not null and finished_at is null")),
        # What lists look for: entries of metadata and words of prompts. Of finished jobs alone: a job that is submitted and
        # claimed is not written into it, and an end writes it once.
        Index(
            "ix_jobs_search",
            literal_column("(metadata::jsonb)").label("searched_metadata"),
            text("to_tsvector('simple'::regconfig, request ->> 'prompt')"),
            postgresql_using="gin",
            postgresql_ops={"searched_metadata": "jsonb_path_ops"},
            postgresql_where=text("finished_at is not null"),
        ),
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
        Index("ix_jobs_unforgotten", "id", postgresql_where=text("not store and forgotten_at is null")),
        # The jobs that were made from one.
        Index("ix_jobs_origin", text("(origin ->> 'job')"), "id", postgresql_where=text("origin is not null")),
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
    #: The name of its style, and by field the prompts in that style's frame; null: it has none.
    style: Mapped[str | None]
    rendered_prompts: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
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
    #: Denoising steps that the next attempt need not do again, if it can resume from the last one's checkpoint.
    resume_step: Mapped[int | None]
    #: Milliseconds that workers had it in attempts that have not ended it.
    earlier_ms: Mapped[int | None]

    # How it ended
    failure_code: Mapped[str | None]
    failure_message: Mapped[str | None]
    #: What it takes to make the images again: revisions, hashes, versions, seeds, device.
    receipt: Mapped[dict[str, Any] | None]
    #: Position and seed of each image that the model's content filter withheld; null: of none.
    filtered_images: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    #: What its prompts say and how they were read, as the job shows it.
    prompt_report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    #: Of the HTTP request that sent it; in every log line about the job.
    request_id: Mapped[str]
    #: The job that it was made from, and how: what `JobOrigin.describe` returns; null: it was sent by itself.
    origin: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    #: The sweep that it is a cell of, and its values on the sweep's axes.
    # No foreign key: either may be removed before the other.
    sweep_id: Mapped[UUID | None]
    sweep_cell: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

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
    #: False: its content is forgotten when its end has been announced; null: it is kept like any other.
    store: Mapped[bool | None]
    #: When its prompts had left the rows, and its images the bucket.
    forgotten_at: Mapped[datetime | None]


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
    """A client's Idempotency-Key, and the job or file that its first request made."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index(None, "created_at"),
        Index("ix_idempotency_keys_client_id", "job_id", postgresql_where=text("key like 'id %'")),
        Index("ix_idempotency_keys_calls", "account_id", "request_sha256", postgresql_where=text("key like 'call %'")),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    #: What the client sent; or `id ` and the client's own id of the job; or `call `, the number of the latest try (0 for the first),
    #: and the job: of a call that its client repeats without a key; or `held ` and the job: of one that nobody has a reason to repeat,
    #: as far as is known. No key that a header could hold is one of the last three.
    key: Mapped[str] = mapped_column(primary_key=True)
    #: sha256 of the request as it was validated; of a call, of that and the caller.
    request_sha256: Mapped[bytes]
    # No foreign key: the key outlives a deleted job, so that a late retry does not draw it again.
    job_id: Mapped[UUID]
    #: A client's own id is remembered as long as its job: it is made in the far future, and from the job's removal on it is as old
    #: as a key that came then.
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class JobSource(Table):
    """A job that starts from another job's picture, or from a file, which is kept for as long as the job has not ended."""

    __tablename__ = "job_sources"
    __table_args__ = (Index(None, "source_job_id"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"), primary_key=True)
    #: The other job's id, or the file's.
    # No foreign key: the other one may go when this one has ended.
    source_job_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))


class InputFetch(Table):
    """That a job's pictures are still to be fetched. The row goes when they are there, or the job has ended."""

    __tablename__ = "input_fetches"
    __table_args__ = (Index(None, "next_try_at"),)

    # No foreign key: the job may be gone before the row.
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    #: The request as it was validated: what follows from a picture's size is resolved once that is known.
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Tries begun. Of the latest one nothing is heard after `next_try_at`.
    tries: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[datetime] = mapped_column(server_default=func.now())
