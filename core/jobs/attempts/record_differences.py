"""Record what of the environment of a replay differs, before it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import literal, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.jobs.status import JobStatus
from core.jobs.tables import Job


def record_differences(
    session: Session, *, job_id: UUID, attempt_id: UUID, differences: Sequence[dict[str, Any]]
) -> None:
    """Writes what the worker of the attempt has found into the job's row, in the place of what was expected. An attempt that has
    lost its job writes nothing.
    """
    found = literal({"differences": list(differences), "checked_by": "worker"}, JSONB)
    session.execute(
        update(Job)
        .where(
            Job.id == job_id,
            Job.current_attempt_id == attempt_id,
            Job.status == JobStatus.RUNNING,
            Job.origin.is_not(None),
        )
        .values(origin=Job.origin.op("||", return_type=JSONB)(found))
        .execution_options(synchronize_session=False)
    )
