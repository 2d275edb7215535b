"""The one event of a sweep: it has ended."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.sweeps.create_sweep import SWEEP_FINISHED
from core.sweeps.read_sweeps import read_sweep
from core.sweeps.tables import Sweep
from core.webhooks.record_event import record_sweep_event


def record_finish(session: Session, sweep: Sweep) -> None:
    """Records the event, which shows the sweep as it is read now."""
    view = read_sweep(session, account_id=sweep.account_id, sweep_id=sweep.id, with_urls=False)
    record_sweep_event(
        session,
        account_id=sweep.account_id,
        sweep_id=sweep.id,
        request_id=sweep.request_id,
        type_=SWEEP_FINISHED,
        data=view.model_dump_json(),
    )
