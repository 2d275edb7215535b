"""Tables of webhook endpoints, events, deliveries and attempts."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Table
from core.ids import new_id


class DeliveryStatus(enum.StrEnum):
    """Where a delivery is."""

    PENDING = "pending"  #: to be sent at `next_attempt_at`
    DELIVERED = "delivered"  #: the receiver answered 2xx
    EXHAUSTED = "exhausted"  #: every try in the schedule failed
    CANCELLED = "cancelled"  #: the endpoint was deleted or disabled first


class AttemptTrigger(enum.StrEnum):
    """Why a try was made."""

    SCHEDULED = "scheduled"  #: it was due
    MANUAL = "manual"  #: the account asked for it


class WebhookEndpoint(Table):
    """A customer's URL that is called when jobs end."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        Index(None, "account_id", "created_at"),
        Index("ix_webhook_endpoints_job_id", "job_id", postgresql_where=text("job_id is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    #: The one job, or sweep, whose end (of a job also the start) is sent there, as its request says; null: every job's. Such an endpoint is deleted from the start, so
    #: that it is shown to nobody, and is called for no other job.
    # No foreign key: the previous release removes jobs without it.
    job_id: Mapped[UUID | None]
    #: What is sent there; null: everything.
    events: Mapped[list[str] | None]
    #: Whose words the body is written in, such as `replicate`; null: ours.
    shape: Mapped[str | None]
    url: Mapped[str]
    description: Mapped[str]
    #: `whsec_…`: signs every delivery, so it must be readable; shown to the customer once.
    secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Set when the receiver answered 410 Gone: nothing more is sent there.
    disabled_at: Mapped[datetime | None]
    #: A deleted endpoint stays as a row for its deliveries' sake and is shown to nobody.
    deleted_at: Mapped[datetime | None]


class WebhookSecret(Table):
    """What signs the webhooks that requests name: one secret for each account, made when it is first needed."""

    __tablename__ = "webhook_secrets"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    #: `whsec_…`.
    secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookEvent(Table):
    """Something that happened to a job, or to a sweep, written in the commit that made it happen."""

    __tablename__ = "webhook_events"
    # A job starts first once, and ends once, so each kind of event exists once for it. A sweep has one event, of its end.
    __table_args__ = (
        UniqueConstraint("job_id", "type"),
        Index(None, "account_id", "created_at"),
        Index("ix_webhook_events_sweep_id", "sweep_id", unique=True, postgresql_where=text("sweep_id is not null")),
        CheckConstraint("(job_id is null) <> (sweep_id is null)", name="subject"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    #: Null: it is a sweep's.
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id"))
    # No foreign key: the table of sweeps belongs to a room above this one.
    sweep_id: Mapped[UUID | None]
    #: Past tense, full-stop delimited: `job.succeeded`; `job.started` exists if the job's own webhook asks for it.
    type: Mapped[str]
    #: The job or sweep as the API shows it, without download addresses: those are signed afresh for each try.
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Of the HTTP request that sent the job; in every log line about the delivery.
    request_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookDelivery(Table):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        CheckConstraint("status in ('pending', 'delivered', 'exhausted', 'cancelled')", name="status"),
        CheckConstraint("(status = 'pending') = (finished_at is null)", name="finished"),
        Index("ix_webhook_deliveries_due", "next_attempt_at", postgresql_where=text("status = 'pending'")),
        Index(None, "endpoint_id"),
        # Those of an account, newest first.
        Index("ix_webhook_deliveries_account_id", "account_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_events.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id"))
    status: Mapped[str] = mapped_column(server_default=DeliveryStatus.PENDING)
    #: Tries begun; also the fencing number of the try in progress.
    attempts: Mapped[int] = mapped_column(server_default="0")
    #: Why the next try is made, as `AttemptTrigger` has it; null: it is due.
    next_trigger: Mapped[str | None]
    #: A claim moves it past the deadline of the try, so that a dead sender's delivery becomes due again by itself.
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class WebhookAttempt(Table):
    """One POST and what came back."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "attempt_number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_deliveries.id"))
    attempt_number: Mapped[int]
    #: As `AttemptTrigger` has it; null: it was due.
    trigger: Mapped[str | None]
    response_status_code: Mapped[int | None]
    response_duration_ms: Mapped[int]
    #: Why there was no answer, or the first 1,000 characters of one that was not 2xx, without the queries of addresses. It
    #: may hold the customer's own texts: it stands here alone, never in a log, and is deleted with its job.
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
