"""Append values to a draft, or finalise it: then its jobs are queued."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from core.accounts.authenticate import check_not_revoked
from core.database import transaction
from core.errors import SweepNotDraft
from core.fault_points import fault_point
from core.jobs.submit.submit_turns import submit_turn
from core.sweeps.axes import Axes
from core.sweeps.check_cells import Sender, lock_pictures
from core.sweeps.check_sweep import check_whole, sum_cost
from core.sweeps.create_sweep import fix_seed, keep_draft
from core.sweeps.queue_cells import queue_cells, ring_for_cells
from core.sweeps.read_sweeps import lock_sweep, read_sweep
from core.sweeps.sweep_request import SweepValues
from core.sweeps.sweep_view import SweepView
from core.sweeps.tables import Sweep, SweepStatus


def append_to_sweep(more: SweepValues, sender: Sender, *, sweep_id: UUID) -> SweepView:
    """The draft with these values behind its own; one that it has already changes nothing. Raises InvalidRequest for what is wrong
    in any cell of the whole, SweepNotFound, SweepDeleted, and SweepNotDraft.
    """
    values = more.read_axes()
    with submit_turn(sender.account_id), transaction() as session:
        sweep = lock_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)
        if sweep.status != SweepStatus.DRAFT:
            raise SweepNotDraft
        axes, base = _join(sweep, values)
    cells = check_whole(axes, base, sender)
    with submit_turn(sender.account_id), transaction() as session:
        again = lock_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)
        if again.status != SweepStatus.DRAFT or again.axes != sweep.axes:
            raise SweepNotDraft("The draft was changed at the same moment: read it, and append again.")
        again.axes, again.base = axes.describe(), base
        again.cells, again.cost = len(cells), sum_cost(cells)
        keep_draft(session, again, sender)
        return read_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)


def finalise_sweep(sender: Sender, *, sweep_id: UUID) -> SweepView:
    """Queues the draft's jobs. A sweep that runs, or has ended, stays as it is, so that a repeated call does no harm. Raises
    InvalidRequest for what has become wrong since, such as a picture that has gone; then it stays a draft. Raises also
    SweepNotFound, SweepDeleted, and what `submit_job` raises.
    """
    with transaction() as session:
        sweep = lock_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)
        if sweep.status != SweepStatus.DRAFT:
            return read_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)
    axes = Axes.of(sweep.axes)
    base = fix_seed(sweep.base, axes)
    cells = check_whole(axes, base, sender)
    with submit_turn(sender.account_id), transaction() as session:
        if sender.api_key_id is not None:
            check_not_revoked(session.connection(), api_key_id=sender.api_key_id, account_id=sender.account_id)
        sweep = lock_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)
        if sweep.status != SweepStatus.DRAFT:
            return read_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)
        if sweep.axes != axes.describe():
            raise SweepNotDraft("The draft was changed at the same moment: finalise it again.")
        sweep.base = base
        cells = lock_pictures(session, cells, axes, base, sender)
        queue_cells(session, sweep, cells)
        view = read_sweep(session, account_id=sender.account_id, sweep_id=sweep_id)
        fault_point("before_sweep_commit")
    fault_point("after_sweep_commit")
    ring_for_cells(sweep, cells)
    return view


def _join(sweep: Sweep, more: Axes) -> tuple[Axes, dict[str, Any]]:
    """The axes of the draft with further values, and its base. What the base has of a new axis becomes the axis' first value, so that
    the draft keeps the cells that it has.
    """
    axes, base = Axes.of(sweep.axes), dict(sweep.base)
    known = axes.list_values()
    first = {name: [base.pop(name)] for name in more.list_values() if name in base and name not in known}
    own = Axes(
        prompts=first.pop("prompt", axes.prompts),
        styles=first.pop("style", axes.styles),
        seeds=first.pop("seed", axes.seeds),
        parameters={**axes.parameters, **first},
    )
    return own.extend(more), base
