"""What a failed forward held is gone when its calls are tried again, and when its job has the error."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
import torch

from worker.rendering.batching import Batcher, BatchJob
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.call import DenoiserCall, read_call
from worker.rendering.batching.forward import run_forward

#: Called with the rows of a forward and what it has made so far; raises, or returns.
Fail = Callable[[torch.Tensor], None]


class Activations:
    """Weak references to what forwards have made."""

    def __init__(self) -> None:
        self._made: list[weakref.ref[torch.Tensor]] = []

    def make(self, rows: int) -> torch.Tensor:
        activation = torch.ones(rows, 1024)
        self._made.append(weakref.ref(activation))
        return activation

    @property
    def alive_bytes(self) -> int:
        alive = [made() for made in self._made]
        return sum(tensor.nbytes for tensor in alive if tensor is not None)


class Model:
    """Adds 1 to its rows, by way of activations, and fails as it is told to. Measures what is alive as each forward starts."""

    def __init__(self, fail: Fail) -> None:
        self._fail = fail
        self.activations = Activations()
        #: Rows of each forward, and the bytes that earlier ones still had.
        self.starts: list[tuple[int, int]] = []

    def __call__(self, sample: torch.Tensor) -> torch.Tensor:
        self.starts.append((len(sample), self.activations.alive_bytes))
        return self._block(sample)

    def _block(self, sample: torch.Tensor) -> torch.Tensor:
        activation = self.activations.make(len(sample))
        self._fail(sample)
        return sample + activation[:, :1]


@pytest.fixture(autouse=True)
def no_garbage_collection() -> Iterator[None]:
    """Nobody knows when it runs next: what is released is released without it."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def no_memory_beyond(rows: int) -> Fail:
    def fail(sample: torch.Tensor) -> None:
        if len(sample) > rows:
            raise torch.OutOfMemoryError("injected")

    return fail


def no_memory_as_a_cause(sample: torch.Tensor) -> None:
    """Fails while it fails: the first error's frames are part of the second one's story."""
    try:
        no_memory_beyond(1)(sample)
    except torch.OutOfMemoryError as error:
        raise RuntimeError("CUDA error: out of memory") from error


def a_cause_of_its_own(sample: torch.Tensor) -> None:
    if len(sample) > 1:
        error = RuntimeError("DefaultCPUAllocator: can't allocate memory")
        error.__cause__ = error
        raise error


def no_such_row(sample: torch.Tensor) -> None:
    if bool((sample < 0).any()):
        raise ArithmeticError("negative")


def run(model: Model, *rows: int, first: float = 0) -> list[DenoiserCall]:
    calls = [
        read_call(BatchJob(), "unet", model, {"sample": torch.full((count, 1), first + number)})
        for number, count in enumerate(rows)
    ]
    run_forward(calls, Admission(most_rows=64))
    for call in calls:
        call.answer()
    return calls


@pytest.mark.parametrize("fail", [no_memory_beyond(1), no_memory_as_a_cause, a_cause_of_its_own])
@pytest.mark.parametrize("rows", [(1,) * 8, (2, 2, 2), (5,), (1, 3)])
def test_nothing_is_left_when_smaller_parts_run(fail: Fail, rows: tuple[int, ...]) -> None:
    """Calls that find no memory together: when the halves, and then the single rows, run, no byte of a failed try is alive."""
    model = Model(fail)

    calls = run(model, *rows)

    assert len(model.starts) > sum(rows)
    assert {alive for _, alive in model.starts} == {0}
    assert [call.wait().tolist() for call in calls] == [[[number + 1.0]] * count for number, count in enumerate(rows)]


def test_nothing_is_left_when_each_runs_alone() -> None:
    """A forward that raises for another reason: when each call runs alone, no byte of it is alive."""
    model = Model(no_such_row)

    calls = run(model, 1, 2, 1, first=-1)

    assert [rows for rows, _ in model.starts] == [4, 1, 2, 1]
    assert {alive for _, alive in model.starts} == {0}
    assert [call.wait().shape for call in calls[1:]] == [(2, 1), (1, 1)]


@pytest.mark.parametrize("rows", [1, 3])
def test_an_error_that_is_kept_keeps_nothing(rows: int) -> None:
    """A job whose rows never fit has its error, with its lines for the log, and no activation is alive meanwhile."""
    model = Model(no_memory_beyond(0))
    [call] = run(model, rows)

    assert model.activations.alive_bytes == 0
    with pytest.raises(torch.OutOfMemoryError) as caught:
        call.wait()
    names = [entry.name for entry in caught.traceback]
    assert names[-2:] == ["_block", "fail"]


def test_an_error_is_gone_when_its_job_has_dealt_with_it() -> None:
    """Call, error and traceback do not hold each other: what the job's own frames held is gone with them."""
    activations = Activations()
    calls = run(Model(no_memory_beyond(0)), 1)
    call = weakref.ref(calls[0])

    def job() -> None:
        latents = activations.make(1)
        calls.pop().wait()
        latents.zero_()

    with contextlib.suppress(torch.OutOfMemoryError):  # pytest.raises would keep the error
        job()

    assert activations.alive_bytes == 0
    assert call() is None


LOST = torch.AcceleratorError("CUDA error: an illegal memory access was encountered", 700)


def test_a_lost_device_is_not_tried_again() -> None:
    """After an error that leaves the device unusable, every further forward would fail: all calls get that very error."""

    def fail(_sample: torch.Tensor) -> None:
        raise LOST

    model = Model(fail)

    calls = run(model, 1, 1, 2)

    assert model.starts == [(4, 0)]
    for call in calls:
        with pytest.raises(torch.AcceleratorError) as caught:
            call.wait()
        assert caught.value is LOST


class Layer(torch.nn.Module):
    """A denoiser."""

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        """The rows, changed."""
        return sample + 1


def test_an_idle_runner_holds_nothing() -> None:
    """When a job has gone, its model's threads, which wait for others, have neither its latents nor its answers."""
    layer, activations, job = Layer(), Activations(), BatchJob()
    batcher = Batcher({"unet": layer})
    try:
        with torch.inference_mode(), batcher.job(job):
            answers = [weakref.ref(layer(activations.make(2))) for _ in range(3)]
        # Another job's call shows that the threads are done with this one's.
        with torch.inference_mode(), batcher.job(BatchJob()):
            layer(torch.ones(1, 7))

        assert activations.alive_bytes == 0
        assert [answer() for answer in answers] == [None] * 3
    finally:
        batcher.close()
