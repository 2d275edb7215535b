"""The processes that take, cancel and end sweeps die in the middle of it."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from tests.acceptance.customer import Customer
from tests.faults.service import SHORT, Service, wait_until

pytestmark = pytest.mark.thorough

_BODY: dict[str, Any] = {"prompts": ["a red mug", "a blue mug"], "seeds": [1, 2], "base": SHORT}


def _send(sender: Customer, key: str, **more: Any) -> dict[str, Any]:
    answer = sender.http.post("/v1/sweeps", json={**_BODY, **more}, headers={"Idempotency-Key": key})
    sweep: dict[str, Any] = answer.raise_for_status().json()
    return sweep


def _read(sender: Customer, sweep: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = sender.http.get(f"/v1/sweeps/{sweep['id']}").raise_for_status().json()
    return read


def _wait_until_ended(sender: Customer, sweep: dict[str, Any], seconds: float = 90) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while (read := _read(sender, sweep))["finished_at"] is None:
        assert time.monotonic() < until, read
        time.sleep(0.2)
    return read


def _count_events(service: Service, sweep: dict[str, Any]) -> int:
    [(events,)] = service.query(
        "select count(*) from webhook_events where sweep_id = %s", sweep["id"].removeprefix("sweep_")
    )
    return int(events)


@pytest.mark.parametrize("point", ["before_sweep_commit", "after_sweep_commit"])
def test_the_api_is_killed_in_a_sweep(service: Service, sender: Customer, point: str) -> None:
    """F85: all of its jobs are there or none, and sent again it is one sweep, of which each cell is drawn once."""
    with service.armed("api", f"{point}=kill"), pytest.raises(httpx2.TransportError):
        _send(sender, "one-sweep")
    jobs = len(sender.http.get("/v1/jobs?limit=100").json()["data"])
    assert jobs == (0 if point == "before_sweep_commit" else 4)

    ended = _wait_until_ended(sender, _send(sender, "one-sweep"))

    assert (ended["counts"]["succeeded"], ended["cells"]) == (4, 4)
    assert len(sender.http.get("/v1/jobs?limit=100").json()["data"]) == 4
    assert _count_events(service, ended) == 1


def test_the_api_is_killed_in_a_sweeps_cancel(service: Service, sender: Customer) -> None:
    """F86: the cancel is committed, and no job has heard of it: the periodic work cancels them, and the sweep ends once."""
    slow = {"num_inference_steps": 100, "num_images": 4}
    sweep = _send(sender, "slow", base=slow, seeds=[*range(10)])
    with service.armed("api", "after_sweep_cancel_requested=kill"), pytest.raises(httpx2.TransportError):
        sender.http.post(f"/v1/sweeps/{sweep['id']}/cancel")

    ended = _wait_until_ended(sender, sweep)

    assert (ended["status"], _count_events(service, sweep)) == ("cancelled", 1)
    assert ended["counts"]["cancelled"] >= 1


@pytest.mark.parametrize("point", ["mid_sheet", "after_sheet_stored", "after_sweep_end"])
def test_the_dispatcher_is_killed_at_a_sweeps_end(service: Service, sender: Customer, point: str) -> None:
    """F87: before the sheet is drawn, when it lies in the bucket and no row says so, or after the end: there is one end, one event
    and one sheet.
    """
    with service.armed("dispatcher", f"{point}=kill"):
        sweep = _send(sender, point)
        wait_until(lambda: not service.stack.part("dispatcher").is_running, "the dispatcher has died", seconds=90)
    # Not yet: the end is the dead process' until its time is over, which nobody needs to wait for here.
    service.query("update sweeps set next_try_at = now() where status = 'running'")

    ended = _wait_until_ended(sender, sweep)

    assert (ended["status"], ended["counts"]["succeeded"]) == ("finished", 4)
    assert ended["contact_sheet"] is not None
    assert _count_events(service, sweep) == 1
    assert len(sender.http.get("/v1/files").json()["data"]) == 1


def test_a_draft_outlives_a_restart_of_everything(service: Service, sender: Customer) -> None:
    """F89: it is appended to and finalised as if nothing had happened, and ends once."""
    draft = _send(sender, "draft", draft=True)
    for name in ("api", "dispatcher", "worker-1"):
        part = service.stack.part(name)
        part.kill()
        part.start()
        part.wait_until_ready()
    path = f"/v1/sweeps/{draft['id']}"
    sender.http.post(f"{path}/append", json={"seeds": [3]}).raise_for_status()
    sweep = sender.http.post(f"{path}/finalise").raise_for_status().json()

    ended = _wait_until_ended(sender, sweep)

    assert (ended["counts"]["succeeded"], _count_events(service, sweep)) == (6, 1)
