"""The number of torch's threads in a batcher's forwards, and around them: all cores for a job alone, parts for several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Lock, current_thread

import pytest
import torch

from tests.rendering.cores.conftest import Divide
from tests.rendering.cores.test_division import MANY
from worker.rendering.batching import Batcher, BatchJob
from worker.rendering.batching.running_forwards import GivenForward, RunningForwards
from worker.rendering.batching.stopwatch import HostLap, HostStopwatch


class Summing(torch.nn.Module):
    """A denoiser whose answer depends on the number of threads in its last bits, and which notes that number."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(1.0))
        self.values = 1000 * torch.randn(MANY, generator=torch.Generator().manual_seed(0))
        self.threads: list[int] = []
        self.runners: list[str] = []
        self.most_at_once = 0
        self.meeting: Barrier | None = None
        self._inside = 0
        self._lock = Lock()

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """Every row plus the sum of many values."""
        with self._lock:
            self._inside += 1
            self.most_at_once = max(self.most_at_once, self._inside)
            self.threads.append(torch.get_num_threads())
            self.runners.append(current_thread().name)
        if self.meeting is not None:
            self.meeting.wait()
        answer = sample + self.values.sum() + timestep.view(-1, 1)
        with self._lock:
            self._inside -= 1
        return answer


@contextmanager
def batching(module: Summing, *, runners: int) -> Iterator[Batcher]:
    batcher = Batcher({"unet": module}, name="cores", runners=runners)
    try:
        yield batcher
    finally:
        batcher.close()


def time_by_threads(monkeypatch: pytest.MonkeyPatch, seconds: Callable[[int], float]) -> None:
    """Let a forward take seconds by its number of threads, whatever the clock says."""
    monkeypatch.setattr(HostStopwatch, "stop", lambda _stopwatch: HostLap(seconds(torch.get_num_threads())))


def call(module: Summing) -> torch.Tensor:
    with torch.inference_mode():
        answer: torch.Tensor = module(torch.zeros(1, 2), torch.tensor(0.0))
    return answer


def draw(
    batcher: Batcher, module: Summing, *, calls: int = 3, deterministic: bool = False, meet: Callable[[], object] = int
) -> list[int]:
    """A job's render. Returns the numbers of its own thread's threads: before its calls, after each, and after the job."""
    seen = []
    with batcher.job(BatchJob(goes_alone=deterministic)):
        seen.append(torch.get_num_threads())
        for _ in range(calls):
            call(module)
            seen.append(torch.get_num_threads())
            meet()
    return [*seen, torch.get_num_threads()]


@pytest.mark.parametrize("deterministic", [False, True])
def test_a_job_alone_has_all_cores(divide: Divide, monkeypatch: pytest.MonkeyPatch, deterministic: bool) -> None:
    """Its forwards and everything around them; and one runner does it all, so only that one has so many threads."""
    time_by_threads(monkeypatch, lambda threads: 1 / threads)
    divide(4, 4)
    module = Summing()
    torch.set_num_threads(3)
    with batching(module, runners=4) as batcher:
        assert draw(batcher, module, calls=20, deterministic=deterministic) == [4] * 21 + [3]

    # Two forwards of a job that is not deterministic show that half of the cores are slower.
    assert module.threads == [4] * 20 if deterministic else [4] * 4 + [2] * 2 + [4] * 14
    assert set(module.runners) == {"denoise-cores-0"}


def test_a_job_alone_has_fewer_threads_if_they_are_faster(divide: Divide, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a small model, whose threads wait for each other longer than they compute. A deterministic job keeps its bits."""
    time_by_threads(monkeypatch, float)
    divide(4, 4)
    module = Summing()
    with batching(module, runners=4) as batcher:
        draw(batcher, module, calls=20)
        assert module.threads[-8:] == [1] * 8
        module.threads.clear()
        draw(batcher, module, calls=20, deterministic=True)

    assert module.threads == [4] * 20


@pytest.mark.parametrize(("jobs", "most_parts", "part"), [(2, 4, 2), (3, 4, 1), (4, 4, 1), (3, 2, 2), (2, 1, 4)])
def test_jobs_together_have_equal_parts(
    divide: Divide, monkeypatch: pytest.MonkeyPatch, jobs: int, most_parts: int, part: int
) -> None:
    """As many jobs as denoise divide the cores; when all but one have ended, that one has all of them again."""
    time_by_threads(monkeypatch, lambda threads: 1 / threads)
    divide(4, most_parts)
    module, meeting = Summing(), Barrier(jobs, timeout=30)
    with batching(module, runners=most_parts) as batcher, ThreadPoolExecutor(jobs) as threads:
        for one in [threads.submit(draw, batcher, module, calls=4, meet=meeting.wait) for _ in range(jobs)]:
            assert one.result(60)[2:4] == [part] * 2
        draw(batcher, module, calls=12)

    # Until then half of the cores have shown that they are slower.
    assert module.threads[-3:] == [4] * 3


def test_a_second_model_takes_its_part(divide: Divide) -> None:
    """Two models with a job each have half of the cores each: they are those of one process."""
    divide(4, 4)
    one, other = Summing(), Summing()
    with batching(one, runners=4) as first, batching(other, runners=4) as second, second.job(BatchJob()):
        assert draw(first, one)[:4] == [2] * 4
    assert one.threads == [2] * 3


def test_a_model_of_one_forward_at_a_time_has_all_cores(divide: Divide) -> None:
    """Jobs that cannot run side by side (a model that is compiled) do not leave cores idle."""
    divide(4, 4)
    module, meeting = Summing(), Barrier(3, timeout=30)
    with batching(module, runners=1) as batcher, ThreadPoolExecutor(3) as threads:
        for one in [threads.submit(draw, batcher, module, calls=5, meet=meeting.wait) for _ in range(3)]:
            assert one.result(60)[2:4] == [4] * 2


def test_a_deterministic_job_has_the_same_bits_in_any_company(divide: Divide) -> None:
    """Its forwards and its own thread have all cores, so its answers are those of the bare module with all cores."""
    divide(4, 4)
    module, meeting = Summing(), Barrier(3, timeout=30)
    torch.set_num_threads(1)
    narrow = call(module)
    torch.set_num_threads(4)
    wide = call(module)
    assert not torch.equal(narrow, wide)
    module.threads.clear()
    answers = []

    def draw_exactly(batcher: Batcher) -> None:
        with batcher.job(BatchJob(goes_alone=True)):
            for _ in range(5):
                answers.append(call(module))
                answers.append(module.values.sum().expand(1, 2))
                meeting.wait()

    with batching(module, runners=4) as batcher, ThreadPoolExecutor(3) as threads:
        others = [threads.submit(draw, batcher, module, calls=5, meet=meeting.wait) for _ in range(2)]
        threads.submit(draw_exactly, batcher).result(60)
        assert all(one.result(60)[2:5] == [1] * 3 for one in others)

    assert all(torch.equal(answer, wide) for answer in answers)
    assert {1, 4} <= set(module.threads)


def test_one_call_with_all_cores_runs_at_a_time(divide: Divide) -> None:
    """Deterministic jobs take turns; others run beside them."""
    divide(4, 4)
    module = Summing()
    with batching(module, runners=4) as batcher, ThreadPoolExecutor(4) as threads:
        for one in [threads.submit(draw, batcher, module, calls=20, deterministic=True) for _ in range(4)]:
            one.result(60)
        assert module.most_at_once == 1

        module.meeting = Barrier(2, timeout=30)
        for one in [threads.submit(draw, batcher, module, calls=1, deterministic=turn) for turn in (True, False)]:
            one.result(60)
    assert module.most_at_once == 2


def test_costs_are_learned_for_each_number_of_threads(divide: Divide) -> None:
    """A row of a job alone costs less time: that says nothing about how many rows pay for jobs that are together."""
    divide(4, 4)
    module = Summing()
    with batching(module, runners=4) as batcher:
        draw(batcher, module)
        assert batcher.describe_costs() != {}
        with batcher.job(BatchJob()) as job, ThreadPoolExecutor(1) as threads:
            call(module)
            batcher.leave(job)
            assert threads.submit(draw, batcher, module, calls=0).result(30)[0] == 2
            with_others = threads.submit(_describe_with_company, batcher).result(30)
    assert with_others == {}


def test_a_job_alone_leaves_slots_for_others(divide: Divide, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all cores more rows gain nothing here; a job's share is still that of the rows that the engine takes when full."""
    taken: list[GivenForward] = []

    def take_finished(running: RunningForwards) -> list[tuple[GivenForward, float]]:
        taken.clear()
        taken.extend(running._running)
        running._running.clear()
        return [(forward, float(forward.rows)) for forward in taken]

    monkeypatch.setattr(RunningForwards, "take_finished", take_finished)
    divide(4, 4)
    module = Summing()
    with batching(module, runners=4) as batcher:
        for rows in (1, 2, 4, 1):
            with batcher.job(BatchJob()) as job, torch.inference_mode():
                for _ in range(4):
                    module(torch.zeros(rows, 2), torch.tensor(0.0))

    # Four rows for each of four runners, as long as no job in company has been measured.
    assert job.share == 1 / 16


def _describe_with_company(batcher: Batcher) -> dict[str, dict[str, float]]:
    with batcher.job(BatchJob()):
        return batcher.describe_costs()
