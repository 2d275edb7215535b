"""The order of jobs in the queue."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.integration.attempts import cancel, claim_one
from tests.integration.conftest import Submit

pytestmark = pytest.mark.usefixtures("ways")


def test_small_accounts_do_not_wait_for_big_ones(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """Accounts take turns by cost, whatever order their jobs came in; an account's own jobs keep theirs."""
    big = [submit(account_id) for _ in range(6)]
    small = [submit(other_account_id) for _ in range(2)]

    order = [claim_one().job_id for _ in range(8)]

    assert order == [big[0], small[0], big[1], small[1], *big[2:]]


def test_an_account_that_was_away_saves_nothing_up(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """An account that joins late starts at the queue's current virtual time: it cannot push others back."""
    for _ in range(10):
        submit(account_id)
    for _ in range(5):
        claim_one()
    late = [submit(other_account_id) for _ in range(3)]

    order = [claim_one().account_id for _ in range(8)]

    assert order[:6].count(account_id) == 3
    assert order[:6].count(other_account_id) == len(late)


def test_cancelled_jobs_do_not_count(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """An account that took back everything it sent is no further behind than one that sent nothing."""
    for job_id in [submit(account_id) for _ in range(20)]:
        cancel(account_id, job_id)
    others = [submit(other_account_id) for _ in range(20)]
    mine = submit(account_id)

    order = [claim_one().job_id for _ in range(3)]

    assert mine in order
    assert order[0] == others[0]
