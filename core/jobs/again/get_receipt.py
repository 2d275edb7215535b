"""The receipt of a job that has succeeded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import JobNotFinished, ReceiptNotFound
from core.jobs.again.find_job import get_own_job
from core.jobs.status import FINISHED


def get_receipt(session: Session, *, account_id: UUID, job_id: UUID) -> dict[str, Any]:
    """What it takes to make the images of the account's job again, as its worker wrote it in the commit of the success.

    Raises JobNotFound, JobDeleted, JobNotFinished, and ReceiptNotFound for a job that failed or was cancelled.
    """
    job = get_own_job(session, account_id=account_id, job_id=job_id)
    if job.status not in FINISHED:
        raise JobNotFinished("There is no receipt yet: the job has not finished.")
    if job.receipt is None:
        raise ReceiptNotFound.of(job.status)
    return job.receipt
