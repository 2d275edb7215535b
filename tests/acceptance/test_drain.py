"""A job that is stopped goes on elsewhere from where it was. Real processes, real signals, a real bucket."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from PIL import Image

from infra.local import LocalStack
from infra.local.part import Part
from tests.acceptance.customer import SMALL, Customer, open_account
from tests.acceptance.worker_logs import told
from worker.rendering.exits import DEAF_STATUS, STUCK_STATUS

#: Takes some seconds, and is the same to the bit whoever renders it.
DRAWING: dict[str, Any] = {"num_inference_steps": 80, "seed": 7, "deterministic": True}

CHECKPOINT_SECONDS = 1.0

ENVIRONMENT = {
    "DRAIN_SECONDS": "0",
    "CHECKPOINT_SECONDS": str(CHECKPOINT_SECONDS),
    "LEASE_SECONDS": "8",
    "HEARTBEAT_SECONDS": "1",
    "SWEEP_SECONDS": "1",
}

BROKEN_LIBRARIES = str(Path(__file__).with_name("broken_libraries"))


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """A service of its own, whose workers hand back at once and whose leases are short."""
    with LocalStack(environment=ENVIRONMENT) as stack:
        yield stack


@pytest.fixture(scope="module")
def expected(stack: LocalStack) -> NDArray[np.uint8]:
    """The picture as it is without interruption."""
    with open_account(stack, "expected") as customer:
        return pixels(customer, customer.wait_until_finished(customer.submit(**DRAWING)))


class Bucket:
    """The checkpoints in the stack's bucket."""

    def __init__(self, stack: LocalStack) -> None:
        environment = stack.environment
        self._name = environment["S3_BUCKET"]
        self.client = boto3.client(
            "s3",
            endpoint_url=environment["S3_ENDPOINT_URL"],
            region_name=environment["S3_REGION"],
            aws_access_key_id=environment["S3_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["S3_SECRET_ACCESS_KEY"],
        )

    def checkpoints_of(self, job: dict[str, Any]) -> list[str]:
        """Their keys."""
        listed = self.client.list_objects_v2(Bucket=self._name, Prefix=f"checkpoints/{job['id']}/")
        return [item["Key"] for item in listed.get("Contents", [])]

    def overwrite(self, key: str) -> None:
        """Put other bytes there."""
        self.client.put_object(Bucket=self._name, Key=key, Body=b"not what was put there")


@pytest.fixture(scope="module")
def bucket(stack: LocalStack) -> Iterator[Bucket]:
    """The stack's bucket."""
    bucket = Bucket(stack)
    yield bucket
    bucket.client.close()


@pytest.fixture
def worker(stack: LocalStack) -> Iterator[Part]:
    """The one worker that runs, at the test's beginning and at its end."""
    worker = stack.part("worker-1")
    yield worker
    if not worker.is_running:
        start(worker)


def test_a_drained_job_goes_on_at_the_very_step(
    stack: LocalStack, customer: Customer, worker: Part, bucket: Bucket, expected: NDArray[np.uint8]
) -> None:
    """SIGTERM with no time left: the next process does the steps that were not done, and none twice; the picture is that of
    a render without interruption, and no checkpoint is left.
    """
    job = customer.wait_until_rendering(customer.submit(**DRAWING))

    worker.stop()
    handed_back = customer.read(job)
    start(worker)
    job = customer.wait_until_finished(job)

    assert (handed_back["status"], handed_back["attempts"]) == ("queued", 0)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    [stopped], [resumed] = told(worker, "job_handed_back", job), told(worker, "job_resumed", job)
    assert stopped["step"] == resumed["step"] > 0
    assert receipt(stack, job)["batching"]["forwards"] == DRAWING["num_inference_steps"] - stopped["step"]
    assert np.array_equal(pixels(customer, job), expected)
    assert soon(lambda: bucket.checkpoints_of(job) == [])


def test_a_spot_notice_and_a_damaged_checkpoint(
    stack: LocalStack, customer: Customer, worker: Part, bucket: Bucket, expected: NDArray[np.uint8]
) -> None:
    """SIGUSR1 drains and ends the process. If the checkpoint is damaged then, the job starts over, and succeeds."""
    job = customer.wait_until_rendering(customer.submit(**DRAWING))

    os.kill(worker.pid, signal.SIGUSR1)
    assert soon(lambda: not worker.is_running)
    assert worker.returncode == 0
    assert customer.read(job)["status"] == "queued"
    [key] = bucket.checkpoints_of(job)
    bucket.overwrite(key)
    start(worker)
    job = customer.wait_until_finished(job)

    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert len(told(worker, "checkpoint_refused", job)) == 1
    assert receipt(stack, job)["checkpoints"]["resumed_after_step"] is None
    assert np.array_equal(pixels(customer, job), expected)
    assert soon(lambda: bucket.checkpoints_of(job) == [])


@pytest.mark.slow
def test_a_killed_workers_job_goes_on_at_its_latest_checkpoint(
    stack: LocalStack, customer: Customer, worker: Part, bucket: Bucket, expected: NDArray[np.uint8]
) -> None:
    """SIGKILL: the second attempt goes on from the checkpoint that the row names, and no more than an interval (and a
    second, for the store and the sign of life) is rendered again; the picture is the same.
    """
    job = customer.submit(**DRAWING)
    customer.wait_for(job, lambda _: bool(bucket.checkpoints_of(job)), "at its first checkpoint")

    worker.kill()
    [(told_step, named)] = query(stack, "select step, checkpoint from job_attempts where job_id = %s", job)
    start(worker)
    job = customer.wait_until_finished(job)

    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    [resumed] = told(worker, "job_resumed", job)
    assert resumed["step"] == named["step"]
    steps_left = DRAWING["num_inference_steps"] - resumed["step"]
    assert receipt(stack, job)["batching"]["forwards"] == steps_left
    [(render_ms,)] = query(stack, "select render_ms from job_attempts where job_id = %s and render_ms > 0", job)
    assert (told_step - resumed["step"]) * render_ms / 1000 / steps_left <= CHECKPOINT_SECONDS + 1
    assert np.array_equal(pixels(customer, job), expected)


@pytest.mark.slow
def test_a_file_is_a_notice_too(stack: LocalStack, customer: Customer, worker: Part, tmp_path: Path) -> None:
    """When DRAIN_FILE appears the worker hands its job back and ends by itself; another goes on."""
    worker.stop()
    notice = tmp_path / "drain"
    notified = stack.add_worker({"DRAIN_FILE": str(notice)})
    job = customer.wait_until_rendering(customer.submit(**DRAWING))

    notice.touch()
    assert soon(lambda: not notified.is_running)
    assert notified.returncode == 0
    start(worker)
    job = customer.wait_until_finished(job)

    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    [stopped], [resumed] = told(notified, "job_handed_back", job), told(worker, "job_resumed", job)
    assert stopped["step"] == resumed["step"] > 0


@pytest.mark.slow
def test_a_step_that_hangs_ends_the_process(
    stack: LocalStack, customer: Customer, worker: Part, tmp_path: Path
) -> None:
    """A worker with a step that does not end hands back what can go on, exits with a status of its own, and the lease
    brings the job that hung to another worker.
    """
    worker.stop()
    hang = tmp_path / "hang"
    hanging = stack.add_worker(
        {"PYTHONPATH": BROKEN_LIBRARIES, "HANG_FILE": str(hang), "STUCK_AFTER_SECONDS": "3", "RENDER_CONCURRENCY": "2"}
    )
    jobs = [customer.wait_until_rendering(customer.submit(**DRAWING)) for _ in range(2)]

    hang.touch()
    assert soon(lambda: not hanging.is_running, seconds=20)
    assert hanging.returncode == STUCK_STATUS
    assert not hang.exists()
    stuck = [job for job in jobs if told(hanging, "attempt_stuck", job)]
    assert len(stuck) == 1
    start(worker)
    ended = customer.wait_until_all_finished(jobs)

    assert {(job["status"], job["attempts"] - (job["id"] == stuck[0]["id"])) for job in ended} == {("succeeded", 1)}


@pytest.mark.slow
def test_a_worker_that_hears_nothing_ends_itself(stack: LocalStack, customer: Customer, worker: Part) -> None:
    """A worker whose consumer has gone deaf is found out while a job waits, exits with a status of its own, and another
    takes the job.
    """
    worker.stop()
    deaf = stack.add_worker({"PYTHONPATH": BROKEN_LIBRARIES, "DEAF": "1", "LIVENESS_SECONDS": "3"})
    time.sleep(4)
    assert deaf.is_running, "without work nobody is deaf"
    job = customer.submit(**SMALL)

    assert soon(lambda: not deaf.is_running, seconds=15)
    assert deaf.returncode == DEAF_STATUS
    start(worker)
    assert customer.wait_until_finished(job)["status"] == "succeeded"


def start(worker: Part) -> None:
    worker.start()
    worker.wait_until_ready()


def soon(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it becomes so within some seconds."""
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def pixels(customer: Customer, job: dict[str, Any]) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(customer.download(job["outputs"][0]))))


def query(stack: LocalStack, statement: str, job: dict[str, Any]) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.environment["DATABASE_URL"].replace("+psycopg", "")) as connection:
        return connection.execute(statement, [job["id"].removeprefix("job_")]).fetchall()


def receipt(stack: LocalStack, job: dict[str, Any]) -> dict[str, Any]:
    [(content,)] = query(stack, "select receipt from jobs where id = %s", job)
    return dict(content)
