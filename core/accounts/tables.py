"""Tables of accounts, API keys and usage."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class Account(Table):
    """A customer: the owner of jobs, keys, artifacts and webhook endpoints."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("weight between 0.001 and 1000", name="weight"),
        CheckConstraint("max_queued_jobs > 0", name="max_queued_jobs"),
        CheckConstraint("max_running_jobs > 0", name="max_running_jobs"),
        CheckConstraint("artifact_retention_seconds >= 0", name="artifact_retention_seconds"),
        CheckConstraint("job_retention_seconds >= 0", name="job_retention_seconds"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    #: Share of the workers relative to the other accounts' weights.
    weight: Mapped[float] = mapped_column(server_default="1")
    #: How many jobs it may have waiting, and running; null: what the deployment's settings say.
    max_queued_jobs: Mapped[int | None]
    max_running_jobs: Mapped[int | None]
    #: How long images and jobs are kept after the job's end; 0: for ever; null: what the deployment's settings say.
    artifact_retention_seconds: Mapped[int | None]
    job_retention_seconds: Mapped[int | None]
    #: Since when none of its jobs is started; null: it is not paused. And whether its running jobs are put back then.
    paused_at: Mapped[datetime | None]
    puts_back_running: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiKey(Table):
    """One key of an account; the secret itself is never stored."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "account_id"),)

    #: The public part of the key, by which it is found.
    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    #: HMAC-SHA256 of the secret under the deployment's pepper.
    secret_hmac: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Accurate to a minute, so that reading a job does not write a row each time.
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class UsageRecord(Table):
    """What one successful job used, images that were withheld not counted; written in the commit that ends the job, so it is
    counted once.
    """

    __tablename__ = "usage_records"
    __table_args__ = (
        Index(None, "account_id", "created_at"),
        # Rows lie in the order of their time, so it is a few pages long.
        Index("ix_usage_records_created_at", "created_at", postgresql_using="brin"),
    )

    # No foreign key: the bill outlives its job.
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    model: Mapped[str]
    images: Mapped[int]
    #: Megapixel-steps: width x height x steps x images / 1e6.
    cost: Mapped[float]
    render_seconds: Mapped[float]
    #: From its acceptance to its first start; null: the release before did not measure it.
    wait_seconds: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
