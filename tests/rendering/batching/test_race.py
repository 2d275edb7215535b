"""Jobs that come, go, fail and are cancelled in many threads at once: every call gets its right answer."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import torch

from worker.rendering.batching import Batcher, BatchJob

ROUNDS = 400
THREADS = 12
_FAULT, _GREED = -1.0, -2.0


class Model(torch.nn.Module):
    """Computes each row from its own numbers and its timestep; raises for some rows, and has no memory for others."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(3.0, dtype=torch.float64))

    def forward(self, sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """3 x sample + timestep."""
        if bool((sample == _GREED).any()) or len(sample) > 9:
            raise torch.OutOfMemoryError("injected")
        if bool((sample == _FAULT).any()):
            raise ArithmeticError("injected")
        return sample * self.factor + timestep.reshape(-1, 1)


class GivenUp(Exception):
    """The job is cancelled."""


@dataclass
class Tally:
    """The number of calls that ended in each way."""

    done: int = 0
    given_up: int = 0
    failed: int = 0
    rows_in_company: int = 0


def run_job(model: Model, batcher: Batcher, seed: int) -> Tally:
    """A job of random size and length, with a random end. Checks every answer."""
    lot = random.Random(seed)
    tally = Tally()
    rows, width = lot.randint(1, 3), lot.choice([3, 3, 3, 5, 7])
    steps, end = lot.randint(1, 9), lot.choice(["done", "done", "given up", "fault", "greed"])
    if end == "greed":
        # A size of their own: a shape that finds no memory gets small forwards from then on.
        width = 9
    job = BatchJob(goes_alone=lot.random() < 0.1)
    last = lot.randint(1, steps)
    try:
        with torch.inference_mode(), batcher.job(job):
            for step in range(1, steps + 1):
                sample = torch.full((rows, width), float(seed), dtype=torch.float64)
                if step == last and end == "given up":
                    raise GivenUp
                if step == last and end in {"fault", "greed"}:
                    sample[lot.randrange(rows)] = _FAULT if end == "fault" else _GREED
                answer = model(sample, torch.tensor(step, dtype=torch.float64))
                assert answer.tolist() == [[3.0 * seed + step] * width] * rows
                answer.zero_()
                if lot.random() < 0.1:
                    batcher.leave(job)
    except GivenUp:
        tally.given_up += 1
    except ArithmeticError:
        assert (step, end) == (last, "fault")
        tally.failed += 1
    except torch.OutOfMemoryError:
        assert (step, end) == (last, "greed")
        tally.failed += 1
    else:
        assert end == "done"
        tally.done += 1
    tally.rows_in_company = sum(shared > rows for shared in job.batch_rows)
    return tally


@pytest.mark.timeout(60)
def test_no_job_hangs_and_every_answer_is_right() -> None:
    """Hundreds of jobs of all kinds go through one batcher: each ends as it should, and none stays in flight."""
    model = Model()
    batcher = Batcher({"unet": model})
    with ThreadPoolExecutor(THREADS) as threads:
        tallies = list(threads.map(lambda seed: run_job(model, batcher, seed), range(ROUNDS)))

    assert batcher.jobs_in_flight == 0
    assert batcher._parked.take_all() == []
    assert sum(tally.done + tally.given_up + tally.failed for tally in tallies) == ROUNDS
    assert min(sum(getattr(tally, end) for tally in tallies) for end in ("done", "given_up", "failed")) > ROUNDS / 10
    assert sum(tally.rows_in_company for tally in tallies) > ROUNDS / 10
    batcher.close()
