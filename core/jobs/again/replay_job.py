"""Draw a job that succeeded once more, exactly, and hold the two against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.catalog import Catalog
from core.database import transaction
from core.errors import JobNotFinished, JobNotSucceeded
from core.jobs.again.find_job import check_kept, get_own_job
from core.jobs.again.rebuild_request import build_request, keep_prompts, list_unsaid, rebuild_values
from core.jobs.again.sender import Sender
from core.jobs.origins.origin import JobOrigin, Replayed
from core.jobs.status import FINISHED, JobStatus
from core.jobs.submit.new_job import Submission
from core.jobs.tables import Job
from core.pools.presence import find_common_versions

#: Of the account's newest jobs, how many are looked through for one of the same model.
_NEWEST_JOBS = 100


def build_replay(sender: Sender, *, job_id: UUID) -> Submission:
    """The submission of the same job: every parameter and seed as it was settled, the same pictures, the model of that name.

    Raises JobNotFound, JobDeleted, JobNotFinished, JobNotSucceeded, JobNotKept, and InvalidRequest with each picture that is not
    there any more and each field that the model does not take any more.
    """
    with transaction() as session:
        job = get_own_job(session, account_id=sender.account_id, job_id=job_id)
        if job.status not in FINISHED:
            raise JobNotFinished("The job has not finished: only one that has succeeded can be replayed.")
        if job.status != JobStatus.SUCCEEDED:
            raise JobNotSucceeded
        check_kept(job)
        values, style = rebuild_values(session, job), keep_prompts(job)
        origin = JobOrigin(
            job_id,
            "replay",
            Replayed(
                receipt=job.receipt or {},
                workers=_describe_workers(session, sender.catalog, job),
                images=_list_images(session, job),
                model=_describe_model(sender.catalog, job.model),
            ),
        )
    request = build_request(values, unsaid=list_unsaid(values, catalog=sender.catalog))
    return sender.submission(request, origin, style=style)


def _describe_workers(session: Session, catalog: Catalog, job: Job) -> dict[str, Any]:
    """What is known of those that may draw the job, before one has claimed it: the versions that they all have, and otherwise what the
    newest receipt of the model says.
    """
    receipt = _find_newest_receipt(session, job) or {}
    entry = catalog.find(job.model)
    versions = {} if entry is None else find_common_versions(session, pool=entry.pool, model=job.model)
    return receipt | ({"versions": versions} if versions else {})


def _find_newest_receipt(session: Session, job: Job) -> dict[str, Any] | None:
    """The receipt of the account's newest render of the same model."""
    newest = (
        select(Job.id)
        .where(Job.account_id == job.account_id, Job.status == JobStatus.SUCCEEDED)
        .order_by(Job.id.desc())
        .limit(_NEWEST_JOBS)
    )
    return session.scalars(
        select(Job.receipt)
        .where(Job.id.in_(newest), Job.model == job.model, Job.receipt.is_not(None))
        .order_by(Job.finished_at.desc())
        .limit(1)
    ).first()


def _list_images(session: Session, job: Job) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Artifact)
        .where(Artifact.job_id == job.id, Artifact.kind == ArtifactKind.OUTPUT)
        .order_by(Artifact.position)
    )
    return [{"position": row.position, "storage_key": row.storage_key, "sha256": row.sha256} for row in rows]


def _describe_model(catalog: Catalog, model_id: str) -> Mapping[str, Any]:
    entry = catalog.find(model_id)
    return {} if entry is None else {"default_scheduler": entry.default_scheduler}
