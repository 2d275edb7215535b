"""The pictures of a job are there: what depends on them is resolved, and workers can claim it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.artifacts.tables import Artifact
from core.catalog import Catalog
from core.jobs.fetches.claim_fetch import ClaimedFetch
from core.jobs.queue.fair_queue import refund_virtual_time
from core.jobs.request.input_images import put_pictures, resolve_inputs
from core.jobs.request.picture_fields import IMAGE_FIELDS, list_all_places
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import resolve_request
from core.jobs.status import JobStatus
from core.jobs.styles.rendered_prompts import put_back_sent
from core.jobs.tables import InputFetch, Job


def complete_fetch(
    session: Session,
    claimed: ClaimedFetch,
    pictures: Mapping[str, Artifact],
    *,
    warnings: Sequence[str],
    catalog: Catalog,
) -> Job | None:
    """Makes the job available with these pictures, by their places, and returns it; they lie in the bucket. Returns None if
    the job has ended, or another try has overtaken this one: then nothing owns the pictures.

    Raises InvalidRequest if the request does not go with the size of a picture.
    """
    job = take_back(session, claimed)
    if job is None:
        return None
    # A picture that is named twice is there once.
    rows = list({artifact.id: artifact for artifact in pictures.values()}.values())
    for position, row in enumerate(rows, start=_count_inputs(session, job.id)):
        row.position = position
    session.add_all(rows)
    session.flush()

    request = RenderRequest.model_validate(claimed.request)
    places = list_all_places({field: getattr(request, field) for field in IMAGE_FIELDS})
    fetched = {place: artifact.public_id for place, artifact in pictures.items()}
    request = put_pictures(request, {place: fetched.get(place, str(source)) for place, source in places.items()})
    inputs = resolve_inputs(session, request, [], account_id=job.account_id)
    resolved = resolve_request(request, catalog=catalog, default_model=job.model, input_sizes=inputs.sizes)

    _charge(session, job, resolved.cost)
    job.task = resolved.task
    job.model_revision = resolved.model_revision
    # With a style it was resolved as it is rendered.
    is_styled = job.rendered_prompts is not None
    settled = resolved.parameters | {"seed": job.seed}
    job.request = put_back_sent(settled, job.request) if is_styled else settled
    job.steps = resolved.steps
    job.cost = resolved.cost
    job.warnings = [*resolved.warnings, *job.warnings, *warnings]
    job.available_at = func.now()
    session.flush()
    return job


def take_back(session: Session, claimed: ClaimedFetch) -> Job | None:
    """Locks the job and removes its fetch, if the job waits for this very try; otherwise None."""
    job = session.scalars(select(Job).where(Job.id == claimed.job_id).with_for_update()).one_or_none()
    fetch = session.scalars(
        select(InputFetch).where(InputFetch.job_id == claimed.job_id).with_for_update()
    ).one_or_none()
    if job is None or fetch is None or fetch.tries != claimed.try_number or job.status != JobStatus.QUEUED:
        return None
    session.delete(fetch)
    session.flush()
    return job


def _count_inputs(session: Session, job_id: UUID) -> int:
    return session.execute(select(func.count()).where(Artifact.job_id == job_id)).scalar_one()


def _charge(session: Session, job: Job, cost: float) -> None:
    """The account is charged for what the job costs, instead of what it seemed to."""
    weight = session.execute(select(Account.weight).where(Account.id == job.account_id)).scalar_one()
    refund_virtual_time(
        session,
        account_id=job.account_id,
        weight=weight,
        pool=job.pool,
        cost=job.cost - cost,
        priority=job.priority,
    )
