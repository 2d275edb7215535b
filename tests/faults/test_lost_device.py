"""A device that fails for good takes its process along, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.customer import Customer
from tests.acceptance.worker_logs import told
from tests.faults.service import LONG, TAMPERED, Service, wait_until

pytestmark = pytest.mark.slow


def test_a_lost_device_ends_the_process(service: Service, sender: Customer, tmp_path: Path) -> None:
    """F67: the first forward that fails costs its job an attempt; the job beside it, whose forwards fail from then on as
    well, is handed back without one. The worker exits with a status of its own, and another draws both.
    """
    # Imported here: it loads torch, and the half of `make test` that this file is in does without.
    from worker.rendering.process.emergency_exit import DEVICE_LOST_STATUS

    lose = tmp_path / "lose"
    service.worker.pause()
    [doomed] = service.stack.add_workers([{"PYTHONPATH": TAMPERED, "LOSE_DEVICE": str(lose)}])
    jobs = [sender.submit(**LONG), sender.submit(**LONG | {"width": 64, "height": 64})]
    for job in jobs:
        sender.wait_until_rendering(job)
    lose.touch()
    wait_until(lambda: not doomed.is_running, "the worker has ended", seconds=60)
    service.worker.resume()
    ended = sender.wait_until_all_finished(jobs, seconds=180)

    assert doomed.returncode == DEVICE_LOST_STATUS
    assert [job["status"] for job in ended] == ["succeeded"] * 2
    assert sorted(job["attempts"] for job in ended) == [1, 2]
    assert sorted(service.attempts(job) for job in jobs) == [["failed", "succeeded"], ["interrupted", "succeeded"]]
    assert sorted(len(told(doomed, "job_handed_back", job)) for job in jobs) == [0, 1]
