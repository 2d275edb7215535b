"""A device that works while the next forward is prepared: its times are known late, and the receipt has all of them."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.rendering.batching.test_batcher import Doubler
from worker.rendering.batching import Batcher, BatchJob
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.call import read_call
from worker.rendering.batching.running_forwards import RunningForwards
from worker.rendering.batching.stopwatch import Lap
from worker.rendering.models.memory import peak_bytes
from worker.rendering.modules.tiles import Tiles
from worker.rendering.receipt import describe_render

#: Seconds of each forward on the device.
FORWARD_SECONDS = 0.25


class LateLap:
    """A forward that has ended when somebody waits for the device, and not before."""

    def __init__(self) -> None:
        self.has_ended = threading.Event()

    def read(self) -> float | None:
        """As an event on a GPU's stream."""
        return FORWARD_SECONDS if self.has_ended.is_set() else None

    def wait(self) -> float:
        """The device ends what it was given."""
        self.has_ended.set()
        return FORWARD_SECONDS


class LateStopwatch:
    """Of a device that never ends a forward by itself."""

    def __init__(self) -> None:
        self.laps: list[LateLap] = []

    def start(self) -> None:
        """Nothing to prepare."""

    def stop(self) -> Lap:
        """The forward has been given to the device."""
        self.laps.append(LateLap())
        return self.laps[-1]


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Batcher, Doubler, LateStopwatch]]:
    """A batcher whose module runs on such a device."""
    stopwatch, module = LateStopwatch(), Doubler()
    monkeypatch.setattr("worker.rendering.batching.batcher.build_stopwatch", lambda _modules: stopwatch)
    batcher = Batcher({"unet": module}, name="late")
    yield batcher, module, stopwatch
    batcher.close()


def draw(batcher: Batcher, module: Doubler, *, steps: int) -> BatchJob:
    """A job of so many forwards."""
    job = BatchJob()
    with batcher.job(job), torch.inference_mode():
        for _ in range(steps):
            module(torch.ones(2, 3))
    return job


def test_a_job_has_all_its_forwards(late: tuple[Batcher, Doubler, LateStopwatch]) -> None:
    """The last forwards of a job count in it, although no later one comes after them."""
    batcher, module, _ = late

    job = draw(batcher, module, steps=5)

    assert job.batch_rows == [2] * 5
    assert job.forward_seconds == [FORWARD_SECONDS] * 5


def test_the_receipt_has_all_forwards(late: tuple[Batcher, Doubler, LateStopwatch]) -> None:
    """A receipt that is built right after the last forward has as many forwards as the job made, and their time."""
    batcher, module, _ = late
    job = draw(batcher, module, steps=3)
    model: Any = SimpleNamespace(
        id="m",
        file_sha256={},
        device=torch.device("cpu"),
        dtype=torch.float32,
        switches={},
        entry=SimpleNamespace(default_scheduler="own"),
        pipeline=SimpleNamespace(components={}),
    )
    attempt: Any = SimpleNamespace(model_revision="1", request={}, style=None)
    prompts = SimpleNamespace(describe=lambda _request: {})
    drawn: Any = SimpleNamespace(
        batch_rows=job.batch_rows,
        forward_seconds=job.forward_seconds,
        loras=[],
        prompts=prompts,
        resume="",
        earlier_steps=0,
        calls_apart={},
        tiles=Tiles(),
    )

    batching = describe_render(model, attempt, drawn)["batching"]

    assert batching == {"forwards": 3, "rows_mean": 2, "rows_max": 2, "forward_ms_median": 250.0}


def test_admission_learns_when_the_device_has_ended(late: tuple[Batcher, Doubler, LateStopwatch]) -> None:
    """What a forward took is learnt with the next forward after its end, once, and in order."""
    batcher, module, stopwatch = late
    draw(batcher, module, steps=3)
    assert batcher.describe_costs() == {}

    for lap in stopwatch.laps:
        lap.has_ended.set()
    draw(batcher, module, steps=1)

    [costs] = batcher.describe_costs().values()
    assert costs == {"2": 125.0}


def test_a_forward_that_runs_keeps_no_tensors() -> None:
    """Until a forward's time is known its calls' tensors are not kept: on an idle worker that could be for ever."""
    running, lap = RunningForwards(), LateLap()
    sample = torch.ones(2, 3)
    call = read_call(BatchJob(), "unet", torch.nn.Identity(), {"sample": sample})
    call.succeed(torch.ones(2, 3))
    kept: list[weakref.ref[Any]] = [weakref.ref(call), weakref.ref(sample)]
    running.add([call], lap, Admission(most_rows=4))
    del call, sample
    gc.collect()

    assert [reference() for reference in kept] == [None, None]
    assert running.take_finished() == []
    lap.has_ended.set()
    [(forward, seconds)] = running.take_finished()
    assert (forward.rows, forward.jobs, seconds) == (2, 1, FORWARD_SECONDS)
    assert running.take_finished() == []


def test_the_peak_is_that_of_the_models_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a model on the second GPU the receipt has the second one's peak memory, and on a CPU none, whatever GPUs there are."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: {0: 10, 1: 20}[device.index])

    assert peak_bytes(torch.device("cuda:1")) == 20
    assert peak_bytes(torch.device("cpu")) is None
