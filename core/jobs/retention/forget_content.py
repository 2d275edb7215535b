"""Jobs whose content is not to be kept (`store: false`): their end is announced, and then their prompts and images go.

The end is announced when all webhooks of it have their answers, one of them at least a good one. After that the images stay as long
as the addresses in it work. Told or not, they expire as a job's images do, after `UNSTORED_JOB_SECONDS` at the latest; and the prompts
go with them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.jobs.tables import Job, JobAttempt
from core.webhooks.tables import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEvent

#: Texts of a request that are choices of ours, and no content.
_CHOICES = frozenset({"scheduler", "output_format", "controlnets", "style"})

_FORGOTTEN = "Not kept: the job was sent with store false."


def expire_announced(session: Session, *, address_seconds: float) -> None:
    """The images of jobs whose end was announced, and whose addresses in it have expired, are due now. `address_seconds`: how long an
    address works.
    """
    announced = exists().where(
        WebhookEvent.job_id == Job.id,
        WebhookDelivery.event_id == WebhookEvent.id,
        WebhookDelivery.status == DeliveryStatus.DELIVERED,
    )
    still_telling = exists().where(
        WebhookEvent.job_id == Job.id,
        WebhookDelivery.event_id == WebhookEvent.id,
        (WebhookDelivery.status == DeliveryStatus.PENDING)
        | (WebhookDelivery.finished_at > seconds_from_now(-address_seconds)),
    )
    session.execute(
        update(Job)
        .where(
            Job.store.is_(False),
            Job.forgotten_at.is_(None),
            Job.finished_at.is_not(None),
            Job.expired_at.is_(None),
            Job.expires_at > func.now(),
            announced,
            ~still_telling,
        )
        .values(expires_at=func.now())
        .execution_options(synchronize_session=False)
    )


def forget_content(session: Session, *, at_most: int) -> int:
    """Remove from the rows what was asked for, of jobs whose images have left the bucket. Returns how many jobs."""
    jobs = session.scalars(
        select(Job)
        .where(Job.store.is_(False), Job.forgotten_at.is_(None), Job.objects_deleted_at.is_not(None))
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    for job in jobs:
        job.request = _leave_out_content(job.request)
        job.rendered_prompts = None
        if job.receipt is not None:
            job.receipt = job.receipt | {"request": _leave_out_content(job.receipt.get("request", {}))}
        job.warnings = []
        if job.receipt is not None and "request" in job.receipt:
            job.receipt = job.receipt | {"request": _leave_out_content(job.receipt["request"])}
        if job.failure_message is not None:
            job.failure_message = _FORGOTTEN
        job.forgotten_at = func.now()
    session.flush()
    _forget_elsewhere(session, [job.id for job in jobs])
    return len(jobs)


def _forget_elsewhere(session: Session, job_ids: list[UUID]) -> None:
    """What its attempts, its event and the answers of receivers say of the job."""
    session.execute(
        update(JobAttempt)
        .where(JobAttempt.job_id.in_(job_ids), JobAttempt.failure_message.is_not(None))
        .values(failure_message=_FORGOTTEN)
    )
    events = session.scalars(select(WebhookEvent).where(WebhookEvent.job_id.in_(job_ids))).all()
    for event in events:
        failure = event.data["failure"]
        event.data = event.data | {
            "request": _leave_out_content(event.data["request"]),
            "style": _leave_out_rendered(event.data.get("style")),
            "warnings": [],
            "failure": failure and failure | {"message": _FORGOTTEN},
        }
    session.flush()
    deliveries = select(WebhookDelivery.id).where(WebhookDelivery.event_id.in_([event.id for event in events]))
    session.execute(update(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(deliveries)).values(error=None))


def _leave_out_content(request: dict[str, Any]) -> dict[str, Any]:
    """The request without its texts and pictures: sizes, steps and numbers stay."""
    return {name: value for name, value in request.items() if name in _CHOICES or not _is_text(value)}


def _leave_out_rendered(style: dict[str, Any] | None) -> dict[str, Any] | None:
    """The style's name alone, in the fields of its view."""
    return None if style is None else {name: each if name == "name" else None for name, each in style.items()}


def _is_text(value: Any) -> bool:
    # The ids of several pictures are a list of texts.
    return isinstance(value, str) or (isinstance(value, list) and any(isinstance(each, str) for each in value))
