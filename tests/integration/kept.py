"""Finished jobs with images in the bucket, and the passing of their time."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlalchemy import text

from core.artifacts.keys import build_job_prefixes
from core.artifacts.storage import bucket
from core.database import transaction
from core.jobs.audit.invariants import list_violations
from core.jobs.audit.stored_objects import list_object_violations, read_digests
from core.jobs.views.build_view import show_row
from core.jobs.views.job_view import JobView
from core.jobs.views.read_jobs import read_job
from tests.integration.attempts import claim_one, rendered, succeed

_PIXELS = b"pixels"


def finish_one() -> UUID:
    """Let the next job succeed, with its image in the bucket."""
    attempt = claim_one()
    [image] = rendered(attempt).images
    bucket().put(image.storage_key, _PIXELS, media_type="image/png", sha256=hashlib.sha256(_PIXELS).hexdigest())
    succeed(attempt)
    return attempt.job_id


def pass_time(job_id: UUID, *columns: str) -> None:
    """Move these times of the job to a second ago."""
    moments = ", ".join(f"{column} = now() - interval '1 second'" for column in columns or ("expires_at",))
    with transaction() as session:
        session.execute(text(f"update jobs set {moments} where id = :id"), {"id": job_id})


def list_stored(job_id: UUID) -> list[str]:
    """The keys of all objects of the job."""
    return [key for prefix in build_job_prefixes(job_id) for key, _ in bucket().list_objects(prefix)]


def show(account_id: UUID, job_id: UUID) -> JobView:
    """The job as its owner sees it."""
    with transaction() as session:
        return show_row(read_job(session.connection(), account_id=account_id, job_id=job_id))


def count_rows(job_id: UUID) -> dict[str, int]:
    """The number of rows of the job by table, without the empty ones."""
    tables = ("artifacts", "job_attempts", "job_sources", "webhook_events", "usage_records", "idempotency_keys")
    with transaction() as session:
        counts = {
            table: session.execute(
                text(f"select count(*) from {table} where job_id = :id"), {"id": job_id}
            ).scalar_one()
            for table in tables
        }
        counts["jobs"] = session.execute(text("select count(*) from jobs where id = :id"), {"id": job_id}).scalar_one()
    return {table: count for table, count in counts.items() if count}


def violations_of(*job_ids: UUID) -> list[str]:
    """The broken rules, in the rows and in these jobs' folders of the bucket."""
    with transaction() as session:
        broken = list_violations(session)
        digests = read_digests(session)
    names = {job_id.hex for job_id in job_ids}
    in_bucket = list_object_violations(digests, orphan_grace_seconds=-60)
    return [v.rule for v in broken] + [v.rule for v in in_bucket if any(name in v.subject for name in names)]
