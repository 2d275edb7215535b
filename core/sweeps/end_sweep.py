"""The end of a sweep: found when all of its jobs have ended, and recorded once, with its contact sheet and its one event."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import seconds_from_now
from core.files.known_files import build_file_expiry
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.settings import get_settings
from core.sweeps.axes import Axes
from core.sweeps.record_finish import record_finish
from core.sweeps.tables import Sweep, SweepStatus

#: Tries to draw a contact sheet. After the last one the sweep ends without it.
MOST_TRIES = 5

#: Seconds that one try may take before another process begins the next one.
_TRY_SECONDS = 120.0

#: Seconds before a try that follows one that failed.
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class FinishedCell:
    """A job of the sweep that has ended."""

    values: dict[str, Any]
    status: JobStatus
    #: Why it failed; null: it did not.
    failure: str | None
    #: Its first image, as it lies in the bucket; null: there is none, or it is not there any more.
    storage_key: str | None
    sha256: str | None
    #: Of that image, in pixels.
    width: int | None
    height: int | None


@dataclass(frozen=True)
class ClaimedSweep:
    """A sweep of which all jobs have ended, with all that its contact sheet shows."""

    id: UUID
    account_id: UUID
    request_id: str
    #: From 1; fences what is recorded of this try.
    try_number: int
    name: str
    axes: Axes
    base: dict[str, Any]
    #: In their order; a job that was deleted in between is left out.
    cells: list[FinishedCell]


@dataclass(frozen=True)
class StoredSheet:
    """A contact sheet that lies in the bucket. Sides in pixels."""

    id: UUID
    storage_key: str
    byte_size: int
    sha256: str
    width: int
    height: int


def claim_sweep(session: Session, *, busy_accounts: Collection[UUID] = ()) -> ClaimedSweep | None:
    """The sweep whose end has been due longest, or None. No other process gets it for two minutes."""
    unfinished = exists().where(Job.sweep_id == Sweep.id, Job.finished_at.is_(None))
    sweep = session.scalars(
        select(Sweep)
        .where(
            Sweep.status == SweepStatus.RUNNING,
            Sweep.next_try_at <= func.now(),
            Sweep.account_id.not_in(busy_accounts),
            ~unfinished,
        )
        .order_by(Sweep.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if sweep is None:
        return None
    sweep.tries += 1
    sweep.next_try_at = seconds_from_now(_TRY_SECONDS)
    session.flush()
    return ClaimedSweep(
        id=sweep.id,
        account_id=sweep.account_id,
        request_id=sweep.request_id,
        try_number=sweep.tries,
        name=sweep.name,
        axes=Axes.of(sweep.axes),
        base=sweep.base,
        cells=_read_cells(session, sweep.id),
    )


def count_due_sweeps(session: Session, *, at_most: int) -> int:
    """How many sweeps are to be ended now, counted up to a bound."""
    unfinished = exists().where(Job.sweep_id == Sweep.id, Job.finished_at.is_(None))
    due = (
        select(Sweep.id)
        .where(Sweep.status == SweepStatus.RUNNING, Sweep.next_try_at <= func.now(), ~unfinished)
        .limit(at_most)
        .subquery()
    )
    return session.execute(select(func.count()).select_from(due)).scalar_one()


def record_end(session: Session, claimed: ClaimedSweep, sheet: StoredSheet | None) -> SweepStatus | None:
    """Ends the sweep, with its contact sheet if there is one, and records its event. Returns its status; None: another try has
    ended it, or the sweep is not there any more, and nothing is written.
    """
    sweep = session.scalars(
        select(Sweep)
        .where(Sweep.id == claimed.id, Sweep.status == SweepStatus.RUNNING, Sweep.tries == claimed.try_number)
        .with_for_update()
    ).one_or_none()
    if sweep is None:
        return None
    statuses = session.execute(
        select(Job.status, func.count()).where(Job.sweep_id == sweep.id).group_by(Job.status)
    ).all()
    account = session.get_one(Account, sweep.account_id)
    policy = RetentionPolicy.of(
        get_settings(),
        artifact_seconds=account.artifact_retention_seconds,
        job_seconds=account.job_retention_seconds,
    )
    now = session.execute(select(func.clock_timestamp())).scalar_one()
    images_expire_at, row_expires_at = policy.build_expiries(now, asked=sweep.base.get("retention_seconds"))
    if sheet is not None:
        session.add(
            Artifact(
                **vars(sheet),
                account_id=sweep.account_id,
                kind=ArtifactKind.FILE,
                position=0,
                media_type="image/png",
                sent_sha256=sheet.sha256,
                sent_byte_size=sheet.byte_size,
                warnings=[],
                # Never longer than the images that it shows.
                expires_at=func.least(build_file_expiry(session, sweep.account_id), images_expire_at),
            )
        )
        sweep.sheet_id = sheet.id
        session.flush()
    # Together: no query of the session may write the sweep while it is only half set.
    sweep.counts = counts = dict(statuses)
    was_cancelled = sweep.cancel_requested_at is not None and JobStatus.CANCELLED in counts
    sweep.status = SweepStatus.CANCELLED if was_cancelled else SweepStatus.FINISHED
    sweep.finished_at, sweep.row_expires_at = now, row_expires_at
    record_finish(session, sweep)
    return SweepStatus(sweep.status)


def postpone_end(session: Session, claimed: ClaimedSweep) -> None:
    """This try has failed: another one begins in some seconds."""
    session.execute(
        update(Sweep)
        .where(Sweep.id == claimed.id, Sweep.tries == claimed.try_number)
        .values(next_try_at=seconds_from_now(_PAUSE_SECONDS))
    )


def _read_cells(session: Session, sweep_id: UUID) -> list[FinishedCell]:
    rows = session.execute(
        select(
            *(Job.sweep_cell, Job.status, Job.failure_code),
            *(Artifact.storage_key, Artifact.sha256, Artifact.width, Artifact.height),
        )
        .outerjoin(
            Artifact,
            (Artifact.job_id == Job.id)
            & (Artifact.kind == ArtifactKind.OUTPUT)
            & (Artifact.position == 0)
            & Artifact.deleted_at.is_(None),
        )
        .where(Job.sweep_id == sweep_id)
        .order_by(Job.id)
    )
    return [FinishedCell(cell or {}, JobStatus(status), *rest) for cell, status, *rest in rows]
