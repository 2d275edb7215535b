"""The process that expires or deletes is killed between two steps."""

from __future__ import annotations

import signal
import subprocess
import sys
from uuid import UUID

import pytest
from sqlalchemy import text

from core.database import transaction
from core.errors import JobDeleted
from core.jobs.retention.delete_job import request_deletion
from core.jobs.retention.tables import Deletion
from infra.local import LocalStack
from infra.local.application import REPOSITORY
from infra.local.environment import inherit
from tests.integration.conftest import Submit
from tests.integration.kept import count_rows, finish_one, list_stored, pass_time, show, violations_of
from worker.maintenance.apply_retention import apply_retention

_APPLY = "import core.schema; from worker.maintenance.apply_retention import apply_retention as apply; apply()"


def apply_until(servers: LocalStack, point: str) -> int:
    """Apply the retention in a process of its own, which is killed at the point. Returns its exit status."""
    done = subprocess.run(
        [sys.executable, "-c", _APPLY],
        cwd=REPOSITORY,
        env=inherit(servers.environment | {"FAULT_POINTS": f"{point}=kill"}),
        capture_output=True,
        check=False,
    )
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("point", ["after_expiry", "after_objects_deleted"])
def test_the_expiry_is_killed(servers: LocalStack, account_id: UUID, submit: Submit, point: str) -> None:
    """Killed before or after the images left the bucket: nobody is given them from then on, and the next look is done
    with it.
    """
    submit(account_id)
    job_id = finish_one()
    pass_time(job_id)

    assert apply_until(servers, point) == -signal.SIGKILL
    assert show(account_id, job_id).outputs[0].url is None
    assert len(list_stored(job_id)) == (1 if point == "after_expiry" else 0)
    assert violations_of() == []

    apply_retention()
    assert list_stored(job_id) == []
    assert violations_of(job_id) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", ["after_expiry", "after_objects_deleted", "before_content_forgotten"])
def test_the_forgetting_is_killed(servers: LocalStack, account_id: UUID, submit: Submit, point: str) -> None:
    """F83: killed before the images or the texts of a job with `store` false are gone: the next look is done with both."""
    submit(account_id, store=False, prompt="a heron that nobody may know of")
    job_id = finish_one()
    pass_time(job_id)

    assert apply_until(servers, point) == -signal.SIGKILL
    with transaction() as session:
        assert "heron" in session.execute(text("select request::text from jobs")).scalar_one()
    assert violations_of() == []

    apply_retention()
    assert list_stored(job_id) == []
    with transaction() as session:
        for table in ("jobs", "webhook_events"):
            rows = session.scalars(text(f"select kept::text from {table} as kept")).all()
            assert len(rows) == 1
            assert "heron" not in rows[0]
    assert violations_of(job_id) == []


@pytest.mark.slow
@pytest.mark.parametrize("point", ["after_deletion_requested", "after_objects_deleted"])
def test_a_deletion_is_killed(servers: LocalStack, account_id: UUID, submit: Submit, point: str) -> None:
    """Killed before or after the bucket was emptied: the job is shown to nobody, its receipt waits, and the next look
    completes both.
    """
    submit(account_id)
    job_id = finish_one()
    with transaction() as session:
        deletion = request_deletion(session, account_id=account_id, job_id=job_id, api_key_id="k", request_id="r")
    with transaction() as session:
        session.execute(text("update deletions set requested_at = now() - interval '2 minutes'"))

    assert apply_until(servers, point) == -signal.SIGKILL
    with pytest.raises(JobDeleted):
        show(account_id, job_id)
    assert violations_of() == []

    apply_retention()
    with transaction() as session:
        receipt = session.get_one(Deletion, deletion.id)
    assert receipt.completed_at is not None
    assert [described["deleted_at"] is not None for described in receipt.objects] == [True]
    assert (list_stored(job_id), count_rows(job_id)) == ([], {"usage_records": 1})
    assert violations_of(job_id) == []
