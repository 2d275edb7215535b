from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from admin.doctor.finding import Level
from admin.doctor.workers import check_workers
from core.database import transaction
from tests.doctor.conftest import Diagnose
from tests.integration.attempts import claim_one
from tests.integration.conftest import Submit


def test_a_lease_that_nobody_takes_back(account_id: UUID, submit: Submit, diagnose: Diagnose) -> None:
    """A worker died, and no sweep has run since. A lease that has just run out is none of that."""
    submit(account_id)
    claim_one()
    for seconds, level in ((1, Level.OK), (60, Level.ERROR)):
        with transaction() as session:
            session.execute(
                text("UPDATE job_attempts SET lease_expires_at = now() - make_interval(secs => :seconds)"),
                {"seconds": seconds},
            )
        found = diagnose(check_workers, REDIS_URL="redis://127.0.0.1:1/0")
        assert found["sweep"].level is level
    assert "1 leases ran out more than 20 s ago" in found["sweep"].seen
    assert "python -m worker dispatch" in found["sweep"].todo
    assert "not possible without Redis" in found["check"].seen
