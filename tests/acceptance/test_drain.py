"""A job that is stopped resumes on another worker. Real processes, real signals, a real bucket."""

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
import pytest
from numpy.typing import NDArray
from PIL import Image

from infra.local import LocalStack
from infra.local.part import Part
from tests.acceptance.customer import SMALL, Customer, open_account
from tests.acceptance.worker_logs import told
from tests.faults.service import TAMPERED
from tests.warm.start_warm import start_warm

#: Takes some seconds, and is the same to the bit whoever renders it.
DRAWING: dict[str, Any] = {"width": 128, "height": 128, "num_inference_steps": 80, "seed": 7, "deterministic": True}

ENVIRONMENT = {
    "DRAIN_SECONDS": "0",
    "CHECKPOINT_SECONDS": "1",
    "LEASE_SECONDS": "8",
    "HEARTBEAT_SECONDS": "1",
    "SWEEP_SECONDS": "1",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def notice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that is not there until the machine is taken away."""
    return tmp_path_factory.mktemp("machine") / "drain"


@pytest.fixture(scope="module")
def stack(notice: Path) -> Iterator[LocalStack]:
    """A service of its own, whose workers hand back at once and whose leases are short."""
    environment = {**ENVIRONMENT, "DRAIN_FILE": str(notice)}
    with LocalStack(workers=2, environment=environment, start_process=start_warm) as stack:
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
    """The one worker that the other tests have left."""
    worker = stack.part("worker-1")
    yield worker
    worker.resume()


def test_notices_drain_and_a_damaged_checkpoint_is_not_used(
    stack: LocalStack, customer: Customer, bucket: Bucket, notice: Path, expected: NDArray[np.uint8]
) -> None:
    """SIGUSR1: the worker ends, and the other one resumes its job at the same step. DRAIN_FILE appears: that one ends as
    well. If the checkpoint is damaged then, the job starts over; it is the same picture, on the first attempt.
    """
    job = customer.wait_until_rendering(customer.submit(**DRAWING))
    first, second = sorted(
        (stack.part("worker-1"), stack.part("worker-2")), key=lambda part: not told(part, "job_claimed", job)
    )

    os.kill(first.pid, signal.SIGUSR1)
    assert soon(lambda: bool(told(second, "job_resumed", job)))
    [stopped], [resumed] = told(first, "job_handed_back", job), told(second, "job_resumed", job)
    assert stopped["step"] == resumed["step"] > 0
    notice.touch()
    dispatcher = stack.part("dispatcher")
    assert soon(lambda: not any(part.is_running for part in (first, second, dispatcher)))
    notice.unlink()
    dispatcher.start()

    assert (first.returncode, second.returncode) == (0, 0)
    assert customer.read(job)["status"] == "queued"
    [key] = bucket.checkpoints_of(job)
    bucket.overwrite(key)
    worker = stack.part("worker-1")
    worker.start()
    worker.wait_until_ready()
    job = customer.wait_until_finished(job)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert len(told(worker, "checkpoint_refused", job)) == 1
    assert np.array_equal(pixels(customer, job), expected)
    assert soon(lambda: bucket.checkpoints_of(job) == []), "the job's end takes them along"


def test_a_step_that_hangs_ends_the_process(
    stack: LocalStack, customer: Customer, worker: Part, tmp_path: Path, expected: NDArray[np.uint8]
) -> None:
    """A worker with a step that does not end hands back the jobs that can resume and exits with a status of its own; the
    lease brings the job that hung to another worker.
    """
    # Imported here: it loads torch, and the half of `make test` that this file is in does without.
    from worker.rendering.process.emergency_exit import STUCK_STATUS

    worker.pause()
    hang = tmp_path / "hang"
    hanging = stack.add_worker({"PYTHONPATH": TAMPERED, "HANG_FILE": str(hang), "STUCK_AFTER_SECONDS": "2"})
    job = customer.wait_until_rendering(customer.submit(**DRAWING))

    hang.touch()
    assert soon(lambda: not hang.exists()), "a step hangs"
    other = customer.submit(**DRAWING)
    assert soon(lambda: not hanging.is_running, seconds=20)
    assert hanging.returncode == STUCK_STATUS
    assert len(told(hanging, "attempt_stuck", job)) == 1
    worker.resume()
    job, other = customer.wait_until_all_finished([job, other])

    assert [(job["status"], job["attempts"]) for job in (job, other)] == [("succeeded", 2), ("succeeded", 1)]
    assert np.array_equal(pixels(customer, job), expected)


def test_a_worker_that_hears_nothing_ends_itself(stack: LocalStack, customer: Customer, worker: Part) -> None:
    """A worker whose consumer has gone deaf detects that while a job waits, exits with a status of its own, and another
    takes the job.
    """
    from worker.rendering.process.emergency_exit import DEAF_STATUS

    worker.pause()
    deaf = stack.add_worker({"PYTHONPATH": TAMPERED, "DEAF": "1", "LIVENESS_SECONDS": "3"})
    time.sleep(4)
    assert deaf.is_running, "without work nobody is deaf"
    job = customer.submit(**SMALL)

    assert soon(lambda: not deaf.is_running, seconds=15)
    assert deaf.returncode == DEAF_STATUS
    worker.resume()
    assert customer.wait_until_finished(job)["status"] == "succeeded"


def soon(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether the condition becomes true within these seconds."""
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def pixels(customer: Customer, job: dict[str, Any]) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(customer.download(job["outputs"][0]))))
