"""Forwards that run side by side, each with its part of a CPU's cores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import torch

from worker.rendering.batching import Batcher, BatchJob


class Doubler(torch.nn.Module):
    """A denoiser that counts the calls inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.meeting: threading.Barrier | None = None
        self.rows: list[int] = []

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        self.rows.append(sample.shape[0])
        if self.meeting is not None:
            self.meeting.wait(timeout=30)
        return sample * self.scale + timestep.view(-1, 1)


@contextmanager
def batching(module: Doubler, *, runners: int) -> Iterator[Batcher]:
    batcher = Batcher({"unet": module}, runners=runners)
    try:
        yield batcher
    finally:
        batcher.close()


def call(batcher: Batcher, module: Doubler, number: float) -> torch.Tensor:
    """One job of one call, of two rows."""
    with batcher.job(BatchJob()), torch.inference_mode():
        answer: torch.Tensor = module(torch.full((2, 3), number), torch.tensor(1.0))
        return answer


def test_two_forwards_run_at_the_same_time() -> None:
    """Two jobs, with a runner each, are inside the denoiser at the same time."""
    module = Doubler()
    module.meeting = threading.Barrier(2)

    with batching(module, runners=2) as batcher, ThreadPoolExecutor(2) as jobs:
        answers = list(jobs.map(lambda number: call(batcher, module, number), (1.0, 2.0)))

    assert [answer[0, 0].item() for answer in answers] == [3.0, 5.0]
    assert module.rows == [2, 2]


@pytest.mark.parametrize(("runners", "most"), [(2, 6), (3, 4)])
def test_jobs_divide_themselves_among_the_runners(runners: int, most: int) -> None:
    """Six jobs of two rows form groups of equal size: no runner has all of them while another has none."""
    module = Doubler()
    rows_of_last_calls: list[int] = []

    def draw(batcher: Batcher, all_here: threading.Barrier) -> None:
        all_here.wait(timeout=30)
        with batcher.job(job := BatchJob()), torch.inference_mode():
            for _ in range(60):
                module(torch.zeros(2, 3), torch.tensor(0.0))
        rows_of_last_calls.extend(job.batch_rows[20:40])

    with batching(module, runners=runners) as batcher, ThreadPoolExecutor(6) as jobs:
        for one in [jobs.submit(draw, batcher, all_here) for all_here in [threading.Barrier(6)] * 6]:
            one.result(timeout=60)

    # A runner takes at most a quarter more than its part, rounded up to a job's two rows.
    assert max(rows_of_last_calls) <= most * 1.25 + 1
