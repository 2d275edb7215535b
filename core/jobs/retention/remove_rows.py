"""Remove jobs with all that belongs to them: attempts, artifacts, webhook events and what became of these."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, text, update
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact
from core.jobs.tables import IdempotencyKey, InputFetch, Job, JobAttempt, JobSource
from core.webhooks.remove_events import remove_events
from core.webhooks.tables import WebhookEvent


def remove_rows(session: Session, job_ids: Sequence[UUID]) -> None:
    """Remove all that belongs to the jobs but usage, receipts and idempotency keys. The caller has locked the jobs'
    rows.
    """
    # Otherwise PostgreSQL plans the check of every foreign key afresh for every row, which takes most of the time.
    session.execute(text("set local plan_cache_mode = auto"))
    remove_events(session, WebhookEvent.job_id, job_ids)
    for table in (Artifact, JobSource, InputFetch, JobAttempt):
        session.execute(delete(table).where(table.job_id.in_(job_ids)))
    # A client's own id is from now on as old as any key: a late retry does not draw the job again.
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.job_id.in_(job_ids), IdempotencyKey.key.like("id %"))
        .values(created_at=func.now())
    )
    session.execute(delete(Job).where(Job.id.in_(job_ids)))
