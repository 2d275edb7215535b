"""Take a sweep: everything is checked, and then all of its jobs are queued, or none."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from sqlalchemy.orm import Session

from core.accounts.authenticate import check_not_revoked
from core.accounts.tables import Account
from core.database import seconds_from_now, transaction
from core.errors import SweepDeleted
from core.fault_points import fault_point
from core.ids import new_id
from core.jobs.retention.policy import RetentionPolicy
from core.jobs.submit.idempotency import take_idempotency_key
from core.jobs.submit.submit_turns import submit_turn
from core.sweeps.axes import Axes
from core.sweeps.check_cells import Sender, lock_pictures
from core.sweeps.check_sweep import check_webhook, check_whole, sum_cost
from core.sweeps.queue_cells import queue_cells, ring_for_cells
from core.sweeps.read_sweeps import read_sweep
from core.sweeps.sweep_request import SweepRequest, draw_seeds
from core.sweeps.sweep_view import SweepView
from core.sweeps.tables import Sweep, SweepStatus
from core.webhooks.job_webhooks import add_job_webhook

#: The one event that a sweep's webhook is called for.
SWEEP_FINISHED = "sweep.finished"


class AcceptedSweep(NamedTuple):
    """A sweep that is committed."""

    view: SweepView
    #: Otherwise an earlier request had the same Idempotency-Key.
    is_new: bool


def create_sweep(request: SweepRequest, sender: Sender, *, idempotency_key: str | None) -> AcceptedSweep:
    """Queues one job for each cell, or keeps a draft; or returns the sweep that an earlier request with the same Idempotency-Key
    made. Raises InvalidRequest with each field, and then nothing is queued; and what `submit_job` raises.
    """
    axes = request.read_axes()
    base = request.base if request.draft else fix_seed(request.base, axes)
    check_webhook(None if request.webhook is None else request.webhook.url, sender.settings)
    cells = check_whole(axes, base, sender)
    sweep = Sweep(
        id=new_id(),
        account_id=sender.account_id,
        status=SweepStatus.DRAFT,
        name=request.name,
        metadata_=request.metadata,
        axes=axes.describe(),
        base=base,
        cells=len(cells),
        cost=sum_cost(cells),
        request_id=sender.request_id,
    )
    with submit_turn(sender.account_id), transaction() as session:
        if sender.api_key_id is not None:
            check_not_revoked(session.connection(), api_key_id=sender.api_key_id, account_id=sender.account_id)
        if idempotency_key is not None:
            first_id = take_idempotency_key(
                session,
                account_id=sender.account_id,
                key=idempotency_key,
                request_sha256=_digest(request),
                job_id=sweep.id,
            )
            if first_id is not None:
                first = session.get(Sweep, first_id)
                if first is None or first.deleted_at is not None:
                    raise SweepDeleted
                return AcceptedSweep(read_sweep(session, account_id=sender.account_id, sweep_id=first_id), is_new=False)
        session.add(sweep)
        if request.draft:
            keep_draft(session, sweep, sender)
        else:
            cells = lock_pictures(session, cells, axes, base, sender)
            queue_cells(session, sweep, cells)
        if request.webhook is not None:
            add_job_webhook(
                session,
                account_id=sweep.account_id,
                job_id=sweep.id,
                url=request.webhook.url,
                events=[SWEEP_FINISHED],
            )
        view = read_sweep(session, account_id=sender.account_id, sweep_id=sweep.id)
        fault_point("before_sweep_commit")
    fault_point("after_sweep_commit")
    if not request.draft:
        ring_for_cells(sweep, cells)
    return AcceptedSweep(view, is_new=True)


def fix_seed(base: dict[str, object], axes: Axes) -> dict[str, object]:
    """The base with a seed, if no axis has any: cells that differ in their values alone can be compared."""
    return base if axes.seeds or base.get("seed") is not None else {**base, "seed": draw_seeds(1)[0]}


def keep_draft(session: Session, sweep: Sweep, sender: Sender) -> None:
    """A draft is kept as long as the rows of a job that ended now."""
    account = session.get_one(Account, sweep.account_id)
    policy = RetentionPolicy.of(
        sender.settings,
        artifact_seconds=account.artifact_retention_seconds,
        job_seconds=account.job_retention_seconds,
    )
    sweep.row_expires_at = None if policy.row_seconds is None else seconds_from_now(policy.row_seconds)
    session.flush()


def _digest(request: SweepRequest) -> bytes:
    # Never that of a job or a file.
    content = request.model_dump(exclude_defaults=True, mode="json")
    return hashlib.sha256(f"sweep {json.dumps(content, sort_keys=True)}".encode()).digest()
