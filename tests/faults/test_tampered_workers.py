"""Workers hit where no fault point is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.customer import Customer
from tests.faults.service import LEASE_SECONDS, LONG, SHORT, TAMPERED, Service, uuid_of, wait_until

pytestmark = pytest.mark.thorough


def test_a_worker_dies_with_a_ring_in_its_hands(service: Service, sender: Customer, tmp_path: Path) -> None:
    """F11: killed when it has taken the ring off the queue and Celery does not know of it yet: nobody else will hear that
    one, the sweep rings again, and the job is rendered by another worker on its first attempt.
    """
    file = tmp_path / "die"
    [doomed] = service.stack.add_workers([{"PYTHONPATH": TAMPERED, "DIE_WITH_RING": str(file)}])
    service.worker.pause()
    file.touch()
    job = sender.submit(**SHORT)
    wait_until(lambda: not doomed.is_running, "the worker has died")
    service.worker.resume()

    job = sender.wait_until_finished(job)

    assert (job["status"], job["attempts"]) == ("succeeded", 1)


@pytest.mark.parametrize("offset", [3600, -3600])
def test_a_workers_clock_is_wrong(service: Service, sender: Customer, offset: int) -> None:
    """F30: an hour fast or slow (by `time.time()`): the lease and every time of the job are right all the same, and
    nobody takes the job away.
    """
    [mistaken] = service.stack.add_workers([{"PYTHONPATH": TAMPERED, "CLOCK_OFFSET_SECONDS": str(offset)}])
    service.worker.pause()
    try:
        started = datetime.now(UTC)
        job = sender.wait_until_rendering(sender.submit(**LONG))
        [(heartbeat, lease_end)] = service.query(
            "select heartbeat_at, lease_expires_at from job_attempts where job_id = %s", uuid_of(job)
        )
        job = sender.wait_until_finished(job)
        ended = datetime.now(UTC)
    finally:
        mistaken.kill()
        service.worker.resume()

    assert lease_end - heartbeat == pytest.approx(timedelta(seconds=LEASE_SECONDS), abs=timedelta(seconds=0.1))
    times = [datetime.fromisoformat(job[name]) for name in ("created_at", "started_at", "finished_at")]
    assert [started, *times, ended] == sorted([started, *times, ended])
    assert (job["status"], service.attempts(job)) == ("succeeded", ["succeeded"])
