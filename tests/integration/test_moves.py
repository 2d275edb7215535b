"""Moving a job to the front or the end of its account's own."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from core.database import transaction
from core.errors import JobNotFound, JobNotQueued
from core.ids import new_id
from core.jobs.own_queue.move_job import move_job, rotate
from core.jobs.tables import Job
from tests.integration.attempts import claim_all, claim_one
from tests.integration.conftest import Submit


def test_a_job_goes_to_the_front_and_to_the_end_of_ones_own(
    account_id: UUID, other_account_id: UUID, submit: Submit
) -> None:
    """Two accounts take turns. When one of them moves its jobs, the other's keep their turns."""
    mine = [submit(account_id) for _ in range(4)]
    others = [submit(other_account_id) for _ in range(4)]
    with transaction() as session:
        assert move_job(session, account_id=account_id, job_id=mine[3], to="front").id == mine[3]
        move_job(session, account_id=account_id, job_id=mine[0], to="end")

    claimed = claim_all()
    assert [job_id for job_id in claimed if job_id in mine] == [mine[3], mine[1], mine[2], mine[0]]
    assert [job_id in mine for job_id in claimed] == [True, False] * 4
    assert [job_id for job_id in claimed if job_id in others] == others


def test_the_front_is_the_front_also_at_equal_positions(account_id: UUID, submit: Submit) -> None:
    """Jobs that stand at one position by chance are moved, too."""
    jobs = [submit(account_id) for _ in range(3)]
    with transaction() as session:
        for job in session.scalars(select(Job)):
            job.fair_position = 7.0
    with transaction() as session:
        move_job(session, account_id=account_id, job_id=jobs[2], to="front")
    with transaction() as session:
        move_job(session, account_id=account_id, job_id=jobs[0], to="end")
    assert claim_all() == [jobs[2], jobs[1], jobs[0]]


def test_jobs_of_another_priority_keep_their_places(account_id: UUID, submit: Submit) -> None:
    """The front of the normal jobs is behind the high ones."""
    normal = [submit(account_id) for _ in range(2)]
    high = submit(account_id, priority="high")
    with transaction() as session:
        move_job(session, account_id=account_id, job_id=normal[1], to="front")
    assert claim_all() == [high, normal[1], normal[0]]


def test_only_ones_own_queued_jobs_are_moved(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """A running job is refused, and another account's looks like none."""
    job_id = submit(account_id)
    claim_one()
    with transaction() as session, pytest.raises(JobNotQueued):
        move_job(session, account_id=account_id, job_id=job_id, to="front")
    with transaction() as session, pytest.raises(JobNotFound):
        move_job(session, account_id=other_account_id, job_id=job_id, to="front")


def test_positions_rotate() -> None:
    """The moved job gets its end's position, those between move on by one, and the rest stay."""
    ids = [new_id() for _ in range(4)]
    assert rotate(ids, [1.0, 2.0, 3.0, 4.0], ids[2], to="front") == {ids[2]: 1.0, ids[0]: 2.0, ids[1]: 3.0}
    assert rotate(ids, [1.0, 2.0, 3.0, 4.0], ids[1], to="end") == {ids[2]: 2.0, ids[3]: 3.0, ids[1]: 4.0}
    assert rotate(ids, [1.0, 2.0, 3.0, 4.0], ids[0], to="front") == {}
