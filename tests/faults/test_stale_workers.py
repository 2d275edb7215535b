"""Workers that freeze past their lease, at each of their fault points, and then continue: they change nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.local.part import Part
from infra.local.webhook_listener import WebhookListener
from tests.acceptance.customer import Customer, open_account
from tests.faults.service import ENDLESS, SHORT, TAMPERED, Service, is_frozen, uuid_of, wait_until

pytestmark = pytest.mark.slow

#: While the attempt holds its lease, and when it has been written down already (the last one first, so that who goes on
#: from one does not come to the next).
BEFORE = ("after_claim", "mid_step", "after_render", "after_encode", "mid_upload", "before_commit")
AFTER = ("after_ring", "before_ring", "after_commit")

#: All that belongs to a job, by table.
ROWS = {
    "jobs": "t.id = %s",
    "job_attempts": "t.job_id = %s",
    "artifacts": "t.job_id = %s",
    "usage_records": "t.job_id = %s",
    "webhook_events": "t.job_id = %s",
    "webhook_deliveries": "t.event_id in (select id from webhook_events where job_id = %s)",
    "webhook_attempts": "t.delivery_id in (select d.id from webhook_deliveries d join webhook_events e on "
    "e.id = d.event_id where e.job_id = %s)",
}


@dataclass
class StaleWorker:
    """A worker that renders one job at a time, with short leases, and freezes at the fault point that a file names."""

    part: Part
    arm: Path

    def freeze_at(self, point: str) -> None:
        """The next time that it comes to the point."""
        self.arm.write_text(f"{point}=stop")

    def count_lost_leases(self) -> int:
        """The number of times that it has noticed a lost lease."""
        return self.part.log_path.read_text().count('"lease_lost"')


@pytest.fixture(scope="module")
def stale(running_service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaleWorker]:
    """One beside the service's own worker."""
    arm = tmp_path_factory.mktemp("stale") / "arm"
    [part] = running_service.stack.add_workers(
        [
            {
                "PYTHONPATH": TAMPERED,
                "FAULT_FILE": str(arm),
                "RENDER_CONCURRENCY": "1",
                "LEASE_SECONDS": "1.5",
                "HEARTBEAT_SECONDS": "0.5",
            }
        ]
    )
    yield StaleWorker(part, arm)
    part.kill()


def test_a_stale_worker_changes_nothing(
    service: Service, sender: Customer, stale: StaleWorker, listener: WebhookListener
) -> None:
    """F13: at each point the worker freezes past its lease, another one renders its job, and it goes on and takes its
    next job: of the first one no row and no image is another, to the byte, and its webhook came once. Frozen after the
    commit it has done its work, and nobody does it again.
    """
    sender.http.post("/v1/webhook-endpoints", json={"url": listener.url}).raise_for_status()
    jobs: dict[str, dict[str, Any]] = {}
    while_frozen: dict[str, Any] = {}
    for point in (*BEFORE, *AFTER):
        jobs[point] = _freeze(service, sender, stale, point)
        service.worker.resume()
        _wait_for_the_end(service, sender, jobs[point])
        while_frozen[point] = _read_all(service, sender, jobs[point])
        lost = stale.count_lost_leases() + (point in BEFORE)
        stale.part.resume()
        wait_until(lambda lost=lost: stale.count_lost_leases() == lost, f"it notices, at {point}")  # type: ignore[misc]  # mypy: defaults in a lambda
    # Frozen once more, it has left everything from before behind.
    last = _freeze(service, sender, stale, "after_claim")
    afterwards = {point: _read_all(service, sender, job) for point, job in jobs.items()}
    stale.part.resume()
    service.worker.resume()
    sender.wait_until_finished(last)

    assert afterwards == while_frozen
    assert {point: service.attempts(job) for point, job in jobs.items()} == {
        **{point: ["expired", "succeeded"] for point in BEFORE},
        **{point: ["succeeded"] for point in AFTER},
    }
    assert all(images for _, images in afterwards.values())
    told = [json.loads(listener.calls.get(timeout=5).body)["data"]["id"] for _ in jobs]
    assert sorted(told) == sorted(job["id"] for job in jobs.values())
    service.checker.delete_orphans()
    assert service.checker.list_violations(orphan_grace_seconds=0) == []


def test_a_worker_frozen_in_its_last_transaction_holds_up_nobody(
    service: Service, sender: Customer, stale: StaleWorker, listener: WebhookListener
) -> None:
    """F13: frozen with its job's rows locked as it writes a cancellation down, for as long as PostgreSQL lets it: the
    account's other jobs are taken, rendered, cancelled and told of meanwhile, and none loses an attempt. Then the sweep
    ends its job, and when it goes on it changes nothing.
    """
    sender.http.post("/v1/webhook-endpoints", json={"url": listener.url}).raise_for_status()
    _limit_running_jobs(service, sender)
    service.worker.pause()
    stuck = sender.wait_until_rendering(sender.submit(**ENDLESS))
    stale.freeze_at("in_commit")
    sender.cancel(stuck).raise_for_status()
    wait_until(lambda: is_frozen(stale.part), "the worker is frozen while it writes that down")
    service.worker.resume()
    others = [sender.submit(**SHORT | {"num_inference_steps": 50}), *(sender.submit(**SHORT) for _ in range(4))]
    waiting = sender.submit(**SHORT)
    assert sender.cancel(waiting).status_code == 200

    ended = sender.wait_until_all_finished(others, seconds=30)
    ended.append(sender.read(waiting))
    is_still_held = service.attempts(stuck) == ["running"]
    _wait_for_the_end(service, sender, stuck, status="cancelled")
    while_frozen = _read_all(service, sender, stuck)
    lost = stale.count_lost_leases()
    stale.part.resume()
    wait_until(lambda: stale.count_lost_leases() > lost, "it notices")
    sender.wait_until_finished(sender.submit(**SHORT))

    assert is_still_held, "so they ended while the rows were locked"
    assert [(job["status"], job["attempts"]) for job in ended] == [("succeeded", 1)] * 5 + [("cancelled", 0)]
    assert service.attempts(stuck) == ["expired"]
    assert _read_all(service, sender, stuck) == while_frozen


def test_a_worker_frozen_in_its_claim_holds_up_its_accounts_claims_alone(
    service: Service, sender: Customer, stale: StaleWorker, request: pytest.FixtureRequest
) -> None:
    """F13: frozen with the turn of an account that may run only so many jobs: it can send more, jobs of other accounts are
    rendered meanwhile, and its own ones when PostgreSQL has ended the session; each on its first attempt.
    """
    _limit_running_jobs(service, sender)
    stuck = _freeze(service, sender, stale, "in_claim")
    service.worker.resume()
    own = [sender.submit(**SHORT) for _ in range(3)]
    with open_account(service.stack, f"{request.node.name}-other") as other:
        others = other.wait_until_all_finished([other.submit(**SHORT) for _ in range(3)], seconds=30)
    is_still_held = service.attempts(stuck) == []
    ended = sender.wait_until_all_finished([stuck, *own])
    stale.part.resume()
    sender.wait_until_finished(sender.submit(**SHORT))

    assert is_still_held, "so they ended while the rows were locked"
    assert [(job["status"], job["attempts"]) for job in [*others, *ended]] == [("succeeded", 1)] * 7
    assert service.attempts(stuck) == ["succeeded"]


def _limit_running_jobs(service: Service, sender: Customer) -> None:
    """To three, for the account of the sender."""
    job = sender.wait_until_finished(sender.submit(**SHORT))
    account = "select account_id from jobs where id = %s"
    service.query(f"update accounts set max_running_jobs = 3 where id = ({account})", uuid_of(job))


def _freeze(service: Service, sender: Customer, stale: StaleWorker, point: str) -> dict[str, Any]:
    """A job in the hands of the stale worker, which is frozen at the point; the healthy one is frozen, too."""
    service.worker.pause()
    stale.freeze_at(point)
    job = sender.submit(**SHORT)
    wait_until(lambda: is_frozen(stale.part), f"the worker is frozen at {point}")
    return job


def _wait_for_the_end(service: Service, sender: Customer, job: dict[str, Any], *, status: str = "succeeded") -> None:
    """The job's end, and that of its webhook."""
    assert sender.wait_until_finished(job)["status"] == status
    delivered = (
        "select 1 from webhook_attempts a join webhook_deliveries d on d.id = a.delivery_id "
        "join webhook_events e on e.id = d.event_id where e.job_id = %s and d.status = 'delivered'"
    )
    wait_until(lambda: service.query(delivered, uuid_of(job)) != [], "the webhook is delivered")


def _read_all(service: Service, sender: Customer, job: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """Every row of the job, and the images that its sender sees."""
    rows = {
        table: service.query(f"select row_to_json(t)::text from {table} t where {condition} order by 1", uuid_of(job))
        for table, condition in ROWS.items()
    }
    return rows, [sender.download(output) for output in sender.read(job)["outputs"]]
