"""Pauses and the presence of workers. Real processes, real signals, a real bucket."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer, open_account
from tests.acceptance.test_drain import soon
from tests.acceptance.worker_logs import told
from tests.warm.run_warm import run_warm
from tests.warm.start_warm import start_warm

#: Takes longer than a command of the operator's, and is the same to the bit whoever renders it.
DRAWING: dict[str, Any] = {"width": 128, "height": 128, "num_inference_steps": 100, "seed": 7, "deterministic": True}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """A service of its own."""
    with LocalStack(environment={"SWEEP_SECONDS": "1"}, start_process=start_warm) as stack:
        yield stack


@pytest.fixture(scope="module")
def expected(stack: LocalStack) -> NDArray[np.uint8]:
    """The picture as it is without interruption."""
    with open_account(stack, "expected") as customer:
        return pixels(customer, customer.wait_until_finished(customer.submit(**DRAWING)))


def pixels(customer: Customer, job: dict[str, Any]) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(customer.download(job["outputs"][0]))))


def admin(stack: LocalStack, *arguments: str) -> dict[str, str]:
    """Run a command of the operator's."""
    answer = run_warm("admin", *arguments, "--json", environment=stack.environment)
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def wait_until_put_back(customer: Customer, job: dict[str, Any]) -> dict[str, Any]:
    """What a job waits for is as it was a second ago at most."""

    def waits(job: dict[str, Any]) -> bool:
        return (job["status"], job["queue"]["reason"]) == ("queued", "paused")

    return customer.wait_for(job, waits, "put back", seconds=20)


def test_a_paused_pool_puts_its_jobs_back_and_frees_the_memory(
    stack: LocalStack, customer: Customer, expected: NDArray[np.uint8]
) -> None:
    """The running job is put back at its step, the model leaves the memory, and nothing starts. Resumed, it goes on where it
    was, on its first attempt, and is the same picture.
    """
    worker = stack.part("worker-1")
    job = customer.wait_until_rendering(customer.submit(**DRAWING))
    before = time.time()
    assert admin(stack, "pause", "--pool", "default") == {"paused": "pool default", "since": "now"}

    waiting = wait_until_put_back(customer, job)
    assert waiting["attempts"] == 0
    [stopped] = told(worker, "job_handed_back", job)
    assert waiting["progress"]["step"] == stopped["step"] > 0
    assert soon(lambda: "has nothing" in " ".join(admin(stack, "workers").values()), seconds=15)
    other = customer.submit(**SMALL)
    assert other["queue"]["reason"] == "paused"
    time.sleep(2.5)
    assert [customer.read(each)["status"] for each in (job, other)] == ["queued", "queued"]

    admin(stack, "resume", "--pool", "default")
    job = customer.wait_until_finished(job)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    [resumed] = told(worker, "job_resumed", job)
    assert resumed["step"] == stopped["step"]
    assert np.array_equal(pixels(customer, job), expected)
    assert customer.wait_until_finished(other)["status"] == "succeeded"
    timings = job["timings"]
    assert timings["queue_ms"] > 2500, "it waited during the pause"
    assert 0 < timings["render_ms"] < (time.time() - before + 60) * 1000


def test_an_account_puts_its_own_back_and_others_go_on(
    customer: Customer, other_customer: Customer, expected: NDArray[np.uint8]
) -> None:
    """`put_back`: within seconds it waits with its step; the other account's jobs are drawn; resumed, it goes on."""
    job = customer.wait_until_rendering(customer.submit(**DRAWING))
    paused = customer.http.post("/v1/queue/pause", json={"running": "put_back"})
    assert (paused.status_code, paused.json()["running"]) == (200, 1)

    waiting = wait_until_put_back(customer, job)
    assert waiting["progress"]["step"] > 0
    assert other_customer.wait_until_finished(other_customer.submit(**SMALL))["status"] == "succeeded"
    assert customer.read(job)["status"] == "queued"

    assert customer.http.post("/v1/queue/resume").status_code == 200
    job = customer.wait_for(job, lambda job: job["status"] == "running", "running")
    assert job["progress"]["step"] >= waiting["progress"]["step"]
    job = customer.wait_until_finished(job)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert np.array_equal(pixels(customer, job), expected)


def test_a_cancelled_job_says_where_it_stopped(customer: Customer) -> None:
    """A running job stops at a step, and shows it; one that waited has none."""
    job = customer.wait_until_rendering(customer.submit(**DRAWING))
    assert customer.cancel(job).status_code == 200
    job = customer.wait_until_finished(job)
    assert (job["status"], job["stopped_at_step"]) == ("cancelled", job["progress"]["step"])
    assert 0 < job["stopped_at_step"] < DRAWING["num_inference_steps"]
    assert job["timings"]["render_ms"] > 0

    customer.http.post("/v1/queue/pause", json={})
    waiting = customer.submit(**SMALL)
    assert customer.cancel(waiting).json()["stopped_at_step"] is None
    customer.http.post("/v1/queue/resume")


def test_a_killed_worker_is_gone_within_15_seconds(stack: LocalStack, customer: Customer) -> None:
    """SIGKILL: a job that waits for the pool's only worker says that none is there; a new worker takes it."""
    worker = stack.part("worker-1")
    os.kill(worker.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    job = customer.submit(**SMALL)
    job = customer.wait_for(
        job, lambda job: job["queue"]["reason"] == "no_capable_worker", "without a worker", seconds=15
    )
    assert time.monotonic() - killed_at < 15
    assert "'default'" in job["queue"]["message"]

    worker.start()
    worker.wait_until_ready()
    job = customer.wait_until_finished(job)
    assert job["status"] == "succeeded"
    assert job["queue"] == {"position": None, "eta_seconds": None, "reason": None, "message": None}
