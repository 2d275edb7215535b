"""Read one sweep, or a page of them, with the counts of its jobs, in one statement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, aliased

from core.artifacts.storage import sign_download
from core.artifacts.tables import Artifact
from core.errors import SweepDeleted, SweepNotFound
from core.ids import format_id
from core.jobs.retention.deletion_receipts import find_job_deletion
from core.jobs.status import JobStatus
from core.jobs.tables import Job
from core.settings import get_settings
from core.sweeps.sweep_view import AxesView, ContactSheetView, SweepUrlsView, SweepView
from core.sweeps.tables import Sweep, SweepStatus

_Sheet = aliased(Artifact, name="sheet")


def lock_sweep(session: Session, *, account_id: UUID, sweep_id: UUID) -> Sweep:
    """The account's sweep, its row locked until the transaction ends. Raises SweepNotFound and SweepDeleted."""
    sweep = session.scalars(
        select(Sweep)
        .where(Sweep.id == sweep_id, Sweep.account_id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if sweep is None or sweep.deleted_at is not None:
        raise _describe_absence(session, account_id=account_id, sweep_id=sweep_id)
    return sweep


def read_sweep(session: Session, *, account_id: UUID, sweep_id: UUID, with_urls: bool = True) -> SweepView:
    """The view of the account's sweep. Without URLs (as events are stored) the sheet's address is null: it is signed when it is
    sent. Raises SweepNotFound and SweepDeleted.
    """
    session.flush()
    query = _select().where(Sweep.id == sweep_id, Sweep.account_id == account_id)
    row = session.execute(query, execution_options={"populate_existing": True}).one_or_none()
    if row is None:
        raise _describe_absence(session, account_id=account_id, sweep_id=sweep_id)
    return build_view(*row, with_urls=with_urls)


def list_sweeps(
    session: Session,
    *,
    account_id: UUID,
    statuses: Collection[SweepStatus],
    after: UUID | None,
    at_most: int,
) -> list[SweepView]:
    """The account's sweeps of these statuses (empty: of all), newest first, older than `after`."""
    query = _select().where(Sweep.account_id == account_id).order_by(Sweep.id.desc()).limit(at_most)
    if statuses:
        query = query.where(Sweep.status.in_(statuses))
    if after is not None:
        query = query.where(Sweep.id < after)
    return [build_view(*row) for row in session.execute(query)]


def _select() -> Select[Any]:
    by_status = (
        (select(Job.status, func.count().label("jobs")).where(Job.sweep_id == Sweep.id).group_by(Job.status))
        .correlate(Sweep)
        .subquery()
    )
    counted = select(func.jsonb_object_agg(by_status.c.status, by_status.c.jobs)).scalar_subquery()
    counts = case((Sweep.status == SweepStatus.RUNNING, counted), else_=Sweep.counts)
    return (
        select(Sweep, counts, _Sheet)
        .outerjoin(_Sheet, (_Sheet.id == Sweep.sheet_id) & _Sheet.deleted_at.is_(None))
        .where(Sweep.deleted_at.is_(None))
    )


def build_view(
    sweep: Sweep, counts: dict[str, int] | None, sheet: Artifact | None, *, with_urls: bool = True
) -> SweepView:
    """The view of a sweep, whose jobs are counted by their status."""
    name = format_id("sweep", sweep.id)
    address = f"{get_settings().public_url}/v1/sweeps/{name}"
    return SweepView(
        id=name,
        status=SweepStatus(sweep.status),
        name=sweep.name,
        cells=sweep.cells,
        cost=sweep.cost,
        counts={status: (counts or {}).get(status, 0) for status in JobStatus},
        axes=AxesView(**sweep.axes),
        base=sweep.base,
        contact_sheet=None if sheet is None else _show_sheet(sheet, with_url=with_urls),
        metadata=sweep.metadata_,
        created_at=sweep.created_at,
        started_at=sweep.started_at,
        cancel_requested_at=sweep.cancel_requested_at,
        finished_at=sweep.finished_at,
        urls=SweepUrlsView(
            self=address, jobs=f"{address}/jobs", events=f"{address}/events", cancel=f"{address}/cancel"
        ),
    )


def _show_sheet(sheet: Artifact, *, with_url: bool) -> ContactSheetView:
    url, expires_at = sign_download(sheet.storage_key) if with_url else (None, None)
    return ContactSheetView(
        id=sheet.public_id, url=url, url_expires_at=expires_at, width=sheet.width, height=sheet.height
    )


def _describe_absence(session: Session, *, account_id: UUID, sweep_id: UUID) -> SweepNotFound | SweepDeleted:
    deletion = find_job_deletion(session, account_id=account_id, job_id=sweep_id)
    if deletion is None:
        return SweepNotFound()
    return SweepDeleted.with_receipt(format_id("del", deletion.id))
