"""A cancel that races with any other change of the job has one winner."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.accounts.tables import UsageRecord
from core.artifacts.tables import Artifact
from core.database import transaction
from core.errors import JobFinished
from core.jobs.outcomes.record_outcome import record_interruption
from core.webhooks.tables import WebhookEvent
from tests.integration.attempts import (
    attempt_statuses,
    cancel,
    claim_one,
    expire_lease,
    fail,
    in_transaction,
    read_job,
    renew,
    succeed,
    sweep,
)
from tests.integration.conftest import Submit

pytestmark = pytest.mark.usefixtures("ways")


def test_cancel_wins_over_a_later_success(account_id: UUID, submit: Submit) -> None:
    """After an accepted cancel the job cannot succeed any more, however far its worker is."""
    job_id = submit(account_id)
    attempt = claim_one()
    cancel(account_id, job_id)

    assert renew(attempt.id) is True
    assert succeed(attempt) == "cancelled"

    with transaction() as session:
        assert attempt_statuses(session, job_id) == ["cancelled"]
        assert session.scalar(select(func.count()).select_from(Artifact)) == 0
        assert session.scalar(select(func.count()).select_from(UsageRecord)) == 0


def test_a_cancelled_job_is_not_retried(account_id: UUID, submit: Submit) -> None:
    """A cancelled job whose worker fails, dies or shuts down ends as cancelled."""
    ends: list[Callable[[UUID], object]] = [
        fail,
        lambda attempt_id: in_transaction(record_interruption, attempt_id),
    ]
    for end in ends:
        job_id = submit(account_id)
        attempt = claim_one()
        cancel(account_id, job_id)
        assert end(attempt.id) == "cancelled"

    job_id = submit(account_id)
    expire_lease(claim_one())
    cancel(account_id, job_id)
    sweep()
    with transaction() as session:
        assert read_job(session, job_id).status == "cancelled"


def test_cancel_racing_the_final_commit_has_one_winner(account_id: UUID, submit: Submit) -> None:
    """Cancel and success at the same moment, 50 times: one end, one event, and they say the same."""
    for _ in range(50):
        job_id = submit(account_id)
        attempt = claim_one()
        with ThreadPoolExecutor(2) as pool:
            done = pool.submit(succeed, attempt)
            cancelled = pool.submit(cancel, account_id, job_id)
            status = done.result()
            refused = isinstance(cancelled.exception(), JobFinished)
        with transaction() as session:
            events = session.scalars(select(WebhookEvent.type).where(WebhookEvent.job_id == job_id)).all()
            assert read_job(session, job_id).status == status
            assert events == [f"job.{status}"]
            assert refused == (status == "succeeded")
