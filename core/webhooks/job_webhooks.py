"""The webhook of one job, as its request names it, and the secret that signs those of an account."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.webhooks.sign import new_secret
from core.webhooks.tables import WebhookEndpoint, WebhookSecret


def get_webhook_secret(session: Session, account_id: UUID) -> str:
    """The account's secret, which is made when it is first asked for."""
    query = select(WebhookSecret.secret).where(WebhookSecret.account_id == account_id)
    secret = session.execute(query).scalar_one_or_none()
    if secret is None:
        session.execute(
            insert(WebhookSecret).values(account_id=account_id, secret=new_secret()).on_conflict_do_nothing()
        )
        secret = session.execute(query).scalar_one()
    return secret


def find_job_webhook(session: Session, *, job_id: UUID) -> dict[str, Any] | None:
    """Where the start or the end of this job is sent, and which of them, as its request named it; None: it named none."""
    found = session.execute(
        select(WebhookEndpoint.url, WebhookEndpoint.events).where(WebhookEndpoint.job_id == job_id)
    ).one_or_none()
    return None if found is None else {"url": found.url, "events": list(found.events or ())}


def add_job_webhook(
    session: Session, *, account_id: UUID, job_id: UUID, url: str, events: Sequence[str], shape: str | None = None
) -> None:
    """The start or the end of this job is sent to the URL, if it is one of the events: in our words, or in those of the `shape`."""
    session.add(
        WebhookEndpoint(
            account_id=account_id,
            job_id=job_id,
            events=list(events),
            shape=shape,
            url=url,
            description="",
            secret=get_webhook_secret(session, account_id),
            deleted_at=func.now(),
        )
    )
    session.flush()
