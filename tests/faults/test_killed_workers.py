"""Workers that die, at each of their fault points and in other ways. Real processes, real signals."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.part import Part
from tests.acceptance.customer import Customer
from tests.faults.service import (
    ENDLESS,
    LEASE_SECONDS,
    SHORT,
    SWEEP_SECONDS,
    TAMPERED,
    Service,
    serving,
    uuid_of,
    wait_until,
)

#: While the attempt holds its lease, and when it has been written down already.
BEFORE = ("after_claim", "mid_step", "after_render", "after_encode", "mid_upload", "before_commit")
RINGS = ("before_ring", "after_ring")
AFTER = ("after_commit", *RINGS)


# Ten more processes that load a model each: minutes, on few cores.
@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_a_worker_may_die_anywhere(service: Service, sender: Customer, tmp_path: Path) -> None:
    """F12: a worker for each point, killed there: its job is rendered again within the lease and a sweep (or not again,
    once it was committed), and what the losers had stored is swept up.
    """
    points = BEFORE + AFTER
    for point in points:
        (tmp_path / point).write_text(f"{point}=kill")
    arms = [
        {"PYTHONPATH": TAMPERED, "FAULT_FILE": str(tmp_path / point), "RENDER_CONCURRENCY": "1"} for point in points
    ]
    crew = dict(zip(points, service.stack.add_workers(arms), strict=True))
    try:
        _kill(service, sender, crew)
    finally:
        for part in crew.values():
            part.kill()

    service.checker.delete_orphans()
    assert service.checker.list_violations(orphan_grace_seconds=0) == []


def _kill(service: Service, sender: Customer, crew: dict[str, Part]) -> None:
    # Rings are sent by a thread: a worker that dies of its ring may have claimed another job by then.
    jobs = _submit_past(service, sender, len(crew) + len(RINGS))
    wait_until(lambda: not any(part.is_running for part in crew.values()), "every worker is killed at its point")
    [(resumed_at,)] = service.query("select clock_timestamp()")
    service.worker.resume()
    ended = sender.wait_until_all_finished(jobs)

    assert {job["status"] for job in ended} == {"succeeded"}
    first_jobs = _first_jobs(service, crew, jobs)
    assert {point: service.attempts({"id": job_id}) for point, job_id in first_jobs.items()} == {
        point: ["expired", "succeeded"] if point in BEFORE else ["succeeded"] for point in crew
    }
    waits = service.query(
        # Nobody could take over while the last of them had not died.
        "select b.started_at - greatest(a.heartbeat_at, %s) from job_attempts a join job_attempts b "
        "on b.job_id = a.job_id and b.attempt_number = 2 where a.attempt_number = 1 and a.job_id = any(%s::uuid[])",
        resumed_at,
        [uuid_of({"id": job_id}) for job_id in first_jobs.values()],
    )
    assert len(waits) == sum(point in BEFORE for point in crew)
    assert max(wait for (wait,) in waits) < timedelta(seconds=LEASE_SECONDS + SWEEP_SECONDS + 2)


def _submit_past(service: Service, sender: Customer, count: int) -> list[dict[str, Any]]:
    """Jobs for the armed workers: the healthy one is frozen meanwhile, with no job in its hands."""
    service.worker.pause()
    return [sender.submit(**SHORT) for _ in range(count)]


def _first_jobs(service: Service, crew: dict[str, Part], jobs: list[dict[str, Any]]) -> dict[str, str]:
    """The id of the first job that each worker claimed, by the worker's fault point."""
    claims = service.query(
        "select job_id::text, worker_id from job_attempts where attempt_number = 1 and job_id = any(%s::uuid[]) "
        "order by started_at desc",
        [uuid_of(job) for job in jobs],
    )
    job_of = {int(worker_id.rpartition(":")[2]): job_id.replace("-", "") for job_id, worker_id in claims}
    return {point: job_of[part.pid] for point, part in crew.items()}


@pytest.mark.thorough
def test_a_worker_dies_while_it_writes_a_cancellation(service: Service, sender: Customer) -> None:
    """F12: killed with the rows of its job locked: the cancel was promised, and the sweep keeps it."""
    service.worker.pause()
    [doomed] = service.stack.add_workers([{"FAULT_POINTS": "in_commit=kill", "RENDER_CONCURRENCY": "1"}])
    job = sender.wait_until_rendering(sender.submit(**ENDLESS))
    sender.cancel(job).raise_for_status()
    wait_until(lambda: not doomed.is_running, "it is killed while it writes that down")
    service.worker.resume()

    assert sender.wait_until_finished(job)["status"] == "cancelled"
    assert service.attempts(job) == ["expired"]


@pytest.mark.thorough
def test_a_job_that_kills_every_worker_is_given_up(service: Service, sender: Customer) -> None:
    """F22: three workers die of it, and it fails with lease_expired; the queue behind it keeps moving."""
    service.worker.pause()
    doomed = service.stack.add_workers([{"FAULT_POINTS": "mid_step=kill", "RENDER_CONCURRENCY": "1"}] * 3)
    job = sender.submit(**SHORT)
    wait_until(lambda: not any(part.is_running for part in doomed), "three workers have died", seconds=60)
    later = sender.submit(**SHORT)
    service.worker.resume()

    assert sender.wait_until_finished(later)["status"] == "succeeded"
    job = sender.wait_until_finished(job)
    assert (job["status"], job["failure"]["code"], job["attempts"]) == ("failed", "lease_expired", 3)
    assert service.attempts(job) == ["expired"] * 3


@pytest.mark.thorough
def test_everything_is_killed_at_once(request: pytest.FixtureRequest) -> None:
    """F34, F37: SIGKILL to every process there is, with jobs queued, running and done (a power cut but for the disk's
    own cache). The servers and a worker come back first, and without the sweep a held job stays where it is; then the
    rest: every accepted job reaches its end without a human, and nothing is done twice.
    """
    from tests.acceptance.customer import open_account

    with serving() as service, open_account(service.stack, request.node.name) as sender:
        done = sender.wait_until_finished(sender.submit(**SHORT))
        running = sender.wait_until_rendering(sender.submit(**ENDLESS))
        service.stack.part("beat").stop()
        queued = [sender.submit(**SHORT) for _ in range(10)]
        for part in reversed(service.stack.parts):
            part.kill()

        servers = [service.stack.part(name) for name in ("database", "redis", "storage")]
        rest = [service.stack.part(name) for name in ("worker-1", "dispatcher", "api")]
        for group in (servers, rest):
            for part in group:
                part.start()
            for part in group:
                part.wait_until_ready(120)
        wait_until(
            lambda: (
                service.query("select 1 from job_attempts where status = 'running' and lease_expires_at < now()") != []
            ),
            "the lease of the killed worker is over",
        )
        assert sender.read(running)["status"] == "running", "nobody sweeps"
        service.stack.part("beat").start()

        ended = sender.wait_until_all_finished([running, *queued], seconds=90)
        assert {job["status"] for job in ended} == {"succeeded"}
        assert sender.read(done)["outputs"][0]["sha256"] == done["outputs"][0]["sha256"]
        assert service.attempts(running) == ["expired", "succeeded"]
        assert service.checker.list_violations() == []


@pytest.mark.thorough
@pytest.mark.parametrize("signals", ["TERM TERM", "INT", "QUIT", "INT TERM QUIT"])
def test_every_signal_is_an_orderly_end(service: Service, sender: Customer, signals: str) -> None:
    """F25: whatever a worker is told to stop with, and however often: it ends by itself, and its job loses nothing and
    uses up no attempt.
    """
    import os
    import signal
    import time

    service.worker.pause()
    [told] = service.stack.add_workers([None])
    job = sender.wait_until_rendering(sender.submit(**ENDLESS))
    for name in signals.split():
        os.kill(told.pid, signal.Signals[f"SIG{name}"])
        time.sleep(0.2)
    # On a busy machine the end of an interpreter that has torch in it takes most of this.
    wait_until(lambda: not told.is_running, "the worker has ended", seconds=60)
    told.kill()

    assert sender.read(job)["status"] in {"queued", "succeeded"}
    service.worker.resume()
    job = sender.wait_until_finished(job)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
