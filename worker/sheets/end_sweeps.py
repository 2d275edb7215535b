"""The story of a sweep's end: claim, draw its contact sheet and store it outside any transaction, and record the end once."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from functools import cache

import structlog
from structlog.contextvars import bound_contextvars

from core.artifacts.keys import build_file_key
from core.artifacts.storage import bucket
from core.database import transaction
from core.doorbell import DELIVER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.errors import ObjectMissing, StorageUnavailable
from core.fault_points import fault_point
from core.ids import format_id, new_id
from core.metrics import SWEEPS_ENDED
from core.sweeps.end_sweep import MOST_TRIES, ClaimedSweep, StoredSheet, claim_sweep, postpone_end, record_end
from worker.dispatch_slots import DispatchSlots
from worker.sheets.draw_sheet import draw_sheet
from worker.sheets.sheet_plan import Cell, plan_sheet

#: Threads of the dispatcher that draw: a second sheet does not wait for the pictures of the first, and no more memory is taken.
SHEET_THREADS = 2

#: What the sheet says of the base.
_WORTH_NAMING = ("model", "seed", "style", "prompt")

_log = structlog.get_logger()


def end_sweeps() -> None:
    """End what is due, one sweep after another, until nothing is. Returns at once if all slots are taken."""
    get_sheet_slots().work(_claim, _end)


@cache
def get_sheet_slots() -> DispatchSlots:
    """The slots of this process."""
    return DispatchSlots(SHEET_THREADS)


def _claim() -> ClaimedSweep | None:
    with transaction() as session:
        return claim_sweep(session, busy_accounts=get_sheet_slots().list_busy("account"))


def _end(claimed: ClaimedSweep) -> None:
    with bound_contextvars(
        account_id=format_id("acc", claimed.account_id),
        sweep_id=format_id("sweep", claimed.id),
        request_id=claimed.request_id,
    ):
        _attempt(claimed)


def _attempt(claimed: ClaimedSweep) -> None:
    fault_point("mid_sheet")
    started_at = time.monotonic()
    sheet: StoredSheet | None = None
    try:
        if any(cell.storage_key is not None for cell in claimed.cells):
            sheet = _store(claimed)
    except Exception as error:  # noqa: BLE001  (whatever it is, the sweep must not wait for ever)
        if not isinstance(error, StorageUnavailable):
            _log.exception("sheet_not_drawn")
        if claimed.try_number < MOST_TRIES:
            with transaction() as session:
                postpone_end(session, claimed)
            _log.warning("sheet_postponed", try_number=claimed.try_number, error=str(error))
            return
        _log.warning("sweep_ends_without_sheet", error=str(error))
    fault_point("after_sheet_stored")
    with transaction() as session:
        status = record_end(session, claimed, sheet)
    fault_point("after_sweep_end")
    if status is None:
        return
    get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    SWEEPS_ENDED.labels(status).inc()
    _log.info("sweep_ended", status=status, cells=len(claimed.cells), seconds=round(time.monotonic() - started_at, 2))


def _store(claimed: ClaimedSweep) -> StoredSheet:
    """Draws the sheet, and puts it into the bucket under a key of its own: a late twin overwrites nothing."""
    cells = [
        Cell(cell.values, cell.status, cell.failure, width=cell.width, height=cell.height) for cell in claimed.cells
    ]
    fixed = {name: claimed.base[name] for name in _WORTH_NAMING if claimed.base.get(name) is not None}
    plan = plan_sheet(claimed.name or format_id("sweep", claimed.id), cells, fixed)
    sheet_id = new_id()
    key = build_file_key(sheet_id)
    with tempfile.TemporaryFile() as file:
        draw_sheet(plan, _read_pictures(claimed), file)
        byte_size = file.tell()
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        bucket().put_file(key, file, media_type="image/png", sha256=sha256)
    return StoredSheet(sheet_id, key, byte_size, sha256, plan.width, plan.height)


def _read_pictures(claimed: ClaimedSweep) -> Iterator[bytes | None]:
    """The first image of each cell, one at a time; None: there is none any more."""
    for cell in claimed.cells:
        try:
            yield None if cell.storage_key is None else bucket().get(cell.storage_key)
        except ObjectMissing:
            yield None
