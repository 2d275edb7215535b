"""A device that is lost: whose attempt it costs, and that nothing is claimed any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import torch

from core.database import transaction
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_failure, record_interruption
from core.jobs.tables import Job
from tests.integration.attempts import claim_one, read_job
from tests.integration.conftest import Submit
from worker.rendering.process.device_watch import DeviceWatch
from worker.rendering.run_job import run_next_job
from worker.rendering.runtime import Runtime

REQUEST: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 3}

LOST = "CUDA error: an illegal memory access was encountered"


class Ending:
    """The end of the process, for once without it."""

    def __init__(self, runtime: Runtime) -> None:
        self._drain = runtime.drain
        self.ended = threading.Event()

    def __call__(self) -> None:
        self._drain.begin(0)
        self.ended.set()


@pytest.fixture
def ending(runtime: Runtime) -> Ending:
    return Ending(runtime)


@pytest.fixture
def watched(runtime: Runtime, ending: Ending) -> Runtime:
    """The runtime with a device that can be lost."""
    return replace(runtime, device_watch=DeviceWatch(torch.device("cpu"), ending))


@pytest.fixture
def lose(runtime: Runtime) -> Iterator[None]:
    """Each forward of the denoiser fails as on a device that is lost."""

    def fail(*_: Any) -> None:
        raise torch.AcceleratorError(LOST, 700)

    handle = runtime.models.load("picturebook").pipeline.unet.conv_in.register_forward_pre_hook(fail)
    yield
    handle.remove()


def read(job_id: UUID) -> Job:
    with transaction() as session:
        return read_job(session, job_id)


@pytest.mark.usefixtures("lose")
def test_the_job_whose_forward_failed_is_tried_again(
    watched: Runtime, ending: Ending, account_id: UUID, submit: Submit
) -> None:
    """It loses one attempt, the process ends, and no further job is claimed by it."""
    job_id, other_id = submit(account_id, **REQUEST), submit(account_id, **REQUEST)

    assert run_next_job(watched)
    assert ending.ended.wait(10)
    assert not run_next_job(watched)

    assert (read(job_id).status, read(job_id).attempts_used) == ("queued", 1)
    assert (read(other_id).status, read(other_id).attempts_opened) == ("queued", 0)


@pytest.mark.usefixtures("lose")
def test_jobs_that_meet_a_lost_device_later_lose_nothing(runtime: Runtime, account_id: UUID, submit: Submit) -> None:
    """A job that has been claimed already, and fails after the device was lost, is handed back."""
    watch = _AnswersStill(torch.device("cpu"), lambda: None)
    assert watch.look_at(torch.AcceleratorError(LOST, 700))
    job_id = submit(account_id, **REQUEST)

    assert run_next_job(replace(runtime, device_watch=watch))

    assert (read(job_id).status, read(job_id).attempts_used, read(job_id).attempts_opened) == ("queued", 0, 1)


class _AnswersStill(DeviceWatch):
    """As if the device had been lost between the look at it and the claim."""

    def answers(self) -> bool:
        return True


@pytest.mark.parametrize("code", [FailureCode.INTERNAL, FailureCode.OUT_OF_MEMORY, FailureCode.STORAGE_UNAVAILABLE])
def test_only_after_a_failure_on_our_side_a_job_runs_alone(account_id: UUID, submit: Submit, code: FailureCode) -> None:
    """What has ended an attempt for a reason that nobody knows may do so again: it is kept apart from other jobs."""
    job_id = submit(account_id, **REQUEST)
    first = claim_one()
    assert not first.failed_on_our_side
    with transaction() as session:
        record_interruption(session, attempt_id=first.id)
    second = claim_one()
    assert not second.failed_on_our_side
    with transaction() as session:
        record_failure(session, attempt_id=second.id, failure=Failure(code, "it broke"))
        read_job(session, job_id).available_at = read_job(session, job_id).created_at

    third = claim_one()

    assert (third.job_id, third.failed_on_our_side) == (job_id, code == FailureCode.INTERNAL)
