"""A batcher serves the calls of its jobs, and no others, even when something fails."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event, current_thread
from typing import Any

import pytest
import torch

from worker.rendering.batching import Batcher, BatchJob
from worker.rendering.batching.batch_job import AdapterSet
from worker.rendering.batching.stopwatch import HostLap, HostStopwatch, build_stopwatch

#: Seconds that a test waits for a thread before it fails.
PATIENCE_SECONDS = 30


class Doubler(torch.nn.Module):
    """Returns twice the rows. Records in which threads it ran, and with how many rows."""

    def __init__(self, before: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(2.0))
        self.before = before
        self.threads: list[str] = []
        self.rows: list[int] = []

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor | None = None, **more: Any) -> torch.Tensor:
        """Waits until the test lets it run."""
        assert timestep is None or more == {"scale": 0.5} or not more
        self.threads.append(current_thread().name)
        self.rows.append(len(sample))
        self.before()
        return sample * self.factor


@contextmanager
def batch(module: torch.nn.Module, **options: Any) -> Iterator[Batcher]:
    batcher = Batcher({"unet": module}, name="test", **options)
    try:
        yield batcher
    finally:
        batcher.close()


def call(batcher: Batcher, module: torch.nn.Module, number: float, job: BatchJob | None = None) -> torch.Tensor:
    with batcher.job(job or BatchJob()), torch.inference_mode():
        answer: torch.Tensor = module(torch.full((2, 3), float(number)))
    return answer


def test_a_jobs_calls_run_in_the_batchers_thread() -> None:
    """Inside a job the module's calls run in the batcher's thread, and are answered as usual."""
    module = Doubler()
    with batch(module) as batcher:
        assert call(batcher, module, 4).tolist() == [[8.0] * 3] * 2

    assert module.threads == ["denoise-test-0"]


def test_other_calls_run_at_once() -> None:
    """Outside of a job a call runs in its own thread, also while a job of the same model runs."""
    module = Doubler()
    with batch(module) as batcher, ThreadPoolExecutor(1) as elsewhere, batcher.job(BatchJob()):
        assert elsewhere.submit(module, torch.ones(1, 3)).result(PATIENCE_SECONDS).tolist() == [[2.0] * 3]
        assert batcher.forwards == 0

    assert module.threads != ["denoise-test-0"]
    assert len(module.threads) == 1


def test_a_call_keeps_its_form() -> None:
    """Arguments by position or by name, named by the module or not, reach the module as they were given."""
    module = Doubler()
    with batch(module) as batcher, batcher.job(BatchJob()), torch.inference_mode():
        assert "timestep" in inspect.signature(module.forward).parameters
        answers = [
            module(torch.ones(1, 3), torch.tensor(1), scale=0.5),
            module(sample=torch.ones(1, 3), timestep=torch.tensor(1)),
        ]
    assert [answer.tolist() for answer in answers] == [[[2.0] * 3]] * 2
    with pytest.raises(TypeError, match="sample"):
        module(timestep=1)


def test_a_closed_batcher_leaves_the_module_as_it_was() -> None:
    """After closing, the module runs where it is called, in a job or not."""
    module = Doubler()
    with batch(module) as batcher:
        call(batcher, module, 1)
    assert module.threads == ["denoise-test-0"]

    assert call(batcher, module, 4).tolist() == [[8.0] * 3] * 2
    assert module.threads[1:] == [current_thread().name]


def test_jobs_that_wait_at_closing_get_an_error() -> None:
    """An unloaded model leaves no job waiting for ever: waiting calls get an error, and the running one its answer."""
    is_running, may_end = Event(), Event()
    module = Doubler(before=partial(hold, is_running, may_end))
    with ThreadPoolExecutor(3) as threads:
        batcher = Batcher({"unet": module})
        running = threads.submit(call, batcher, module, 1)
        assert is_running.wait(PATIENCE_SECONDS)
        waiting = threads.submit(call, batcher, module, 2)
        wait_until(lambda: batcher.jobs_in_flight == 2)
        closing = threads.submit(batcher.close)
        wait_until(lambda: batcher._is_closed)
        may_end.set()

        assert running.result(PATIENCE_SECONDS).tolist() == [[2.0] * 3] * 2
        with pytest.raises(RuntimeError, match="unloaded"):
            waiting.result(PATIENCE_SECONDS)
        closing.result(PATIENCE_SECONDS)


def hold(is_running: Event, may_end: Event) -> None:
    is_running.set()
    assert may_end.wait(PATIENCE_SECONDS)


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_SECONDS * 200):
        if is_so():
            return
        Event().wait(0.005)
    raise AssertionError("it did not come about")


def test_calls_that_wait_together_run_together() -> None:
    """Calls that arrive while a forward runs share the next one, and each job knows the rows of its forward."""
    is_running, may_end = Event(), Event()
    module = Doubler(before=partial(hold, is_running, may_end))
    jobs = [BatchJob() for _ in range(3)]
    with batch(module) as batcher, ThreadPoolExecutor(3) as threads:
        answers: list[Future[torch.Tensor]] = [threads.submit(call, batcher, module, 0, jobs[0])]
        assert is_running.wait(PATIENCE_SECONDS)
        answers += [threads.submit(call, batcher, module, number, jobs[number]) for number in (1, 2)]
        wait_until(lambda: batcher.jobs_in_flight == 3)
        may_end.set()

        assert [answer.result(PATIENCE_SECONDS)[1, 2].item() for answer in answers] == [0, 2, 4]
    assert module.rows == [2, 4]
    assert [job.batch_rows for job in jobs] == [[2], [4], [4]]
    assert [len(job.forward_seconds) for job in jobs] == [1, 1, 1]
    assert batcher.describe_costs().keys() == {"('unet', (3, 'torch.float32'))"}


def test_a_job_prepares_alone_until_its_first_call() -> None:
    """The next job encodes its prompt once this one has made its first call, or has ended without one."""
    module = Doubler()
    with batch(module) as batcher, ThreadPoolExecutor(1) as threads:
        with batcher.job(BatchJob()), torch.inference_mode():
            second = threads.submit(call, batcher, module, 1)
            assert not second.done()
            assert batcher.jobs_in_flight == 0
            module(torch.ones(1, 3))
            assert second.result(PATIENCE_SECONDS)[0, 0] == 2
        with pytest.raises(ArithmeticError), batcher.job(BatchJob()):
            raise ArithmeticError
        assert threads.submit(call, batcher, module, 1).result(PATIENCE_SECONDS)[0, 0] == 2
        assert batcher.jobs_in_flight == 0


def test_adapters_are_switched_before_their_jobs_forward() -> None:
    """Each forward runs with the adapters of its jobs, and jobs with other adapters are in another forward."""
    active: list[AdapterSet] = []
    module = Doubler()
    ink, oil = (("ink", 1.0),), (("oil", 0.5),)
    with batch(module, activate=active.append) as batcher:
        for adapters in (ink, oil, ()):
            call(batcher, module, 1, BatchJob(adapters=adapters))

    assert active == [ink, oil, ()]


def test_adapters_that_cannot_be_switched_to_fail_their_jobs() -> None:
    """The job with the adapters gets the error, and the next job is served."""
    module = Doubler()

    def activate(adapters: AdapterSet) -> None:
        if adapters:
            raise ArithmeticError(adapters)

    with batch(module, activate=activate) as batcher:
        with pytest.raises(ArithmeticError):
            call(batcher, module, 1, BatchJob(adapters=(("ink", 1.0),)))
        assert call(batcher, module, 1)[0, 0] == 2


@pytest.mark.parametrize("moment", ["start", "stop"])
def test_a_stopwatch_that_fails_stops_no_other_job(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU reports a broken kernel when the time is read next: its jobs fail, and the thread continues to serve."""
    broken = [True]

    def fail_once(*_: object) -> HostLap:
        if broken.pop() if broken else False:
            raise RuntimeError("device-side assert")
        return HostLap(0.1)

    monkeypatch.setattr(HostStopwatch, moment, fail_once)
    module = Doubler()
    with batch(module) as batcher, ThreadPoolExecutor(2) as threads:
        with pytest.raises(RuntimeError, match="device-side"):
            threads.submit(call, batcher, module, 1).result(PATIENCE_SECONDS)
        assert threads.submit(call, batcher, module, 1).result(PATIENCE_SECONDS)[0, 0] == 2


def test_a_cpu_is_timed_by_the_clock() -> None:
    """On a CPU a forward is over when it returns, and its time is known at once."""
    stopwatch = build_stopwatch({"unet": Doubler()})
    assert isinstance(stopwatch, HostStopwatch)
    assert isinstance(build_stopwatch({"unet": torch.nn.Identity()}), HostStopwatch)

    stopwatch.start()
    lap = stopwatch.stop()

    seconds = lap.read()
    assert seconds is not None
    assert seconds >= 0
    assert lap.wait() == seconds


class EarlierCalls:
    """The first call is one that an earlier attempt has made."""

    def __init__(self) -> None:
        self.earlier = [torch.zeros(2, 3)]
        self.kept: list[tuple[str, torch.Tensor]] = []

    def find(self, module_name: str) -> torch.Tensor | None:
        assert module_name == "unet"
        return self.earlier.pop() if self.earlier else None

    def keep(self, module_name: str, answer: torch.Tensor) -> None:
        self.kept.append((module_name, answer))


def test_calls_of_an_earlier_attempt_are_not_made_again() -> None:
    """A known call is answered without a forward, and the answer of a new one is kept."""
    module, job, calls = Doubler(), BatchJob(), EarlierCalls()
    job.calls = calls
    with batch(module) as batcher, batcher.job(job), torch.inference_mode():
        assert module(torch.ones(2, 3)).sum() == 0
        assert batcher.forwards == 0
        answer = module(torch.ones(2, 3))

    assert answer.tolist() == [[2.0] * 3] * 2
    assert calls.kept == [("unet", answer)]
