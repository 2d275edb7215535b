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


class WebhookEndpoint(Table):
    """A customer's URL that is called when jobs end."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index(None, "account_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    url: Mapped[str]
    description: Mapped[str]
    #: `whsec_…`: signs every delivery, so it must be readable; shown to the customer once.
    secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Set when the receiver answered 410 Gone: nothing more is sent there.
    disabled_at: Mapped[datetime | None]
    #: A deleted endpoint stays as a row for its deliveries' sake and is shown to nobody.
    deleted_at: Mapped[datetime | None]


class WebhookEvent(Table):
    """Something that happened to a job, written in the commit that made it happen."""

    __tablename__ = "webhook_events"
    # A job ends once, so each kind of event exists once for it.
    __table_args__ = (UniqueConstraint("job_id", "type"), Index(None, "account_id", "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id"))
    #: Past tense, full-stop delimited: `job.succeeded`.
    type: Mapped[str]
    #: The job as the API shows it, without download addresses: those are signed afresh for each try.
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
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_events.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id"))
    status: Mapped[str] = mapped_column(server_default=DeliveryStatus.PENDING)
    #: Tries begun; also the fencing number of the try in progress.
    attempts: Mapped[int] = mapped_column(server_default="0")
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
    response_status_code: Mapped[int | None]
    response_duration_ms: Mapped[int]
    #: Why there was no answer, or the first 1,000 characters of one that was not 2xx, without the queries of addresses. It
    #: may hold the customer's own texts: it stands here alone, never in a log, and is deleted with its job.
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
