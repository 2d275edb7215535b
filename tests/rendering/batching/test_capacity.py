"""The engine takes the jobs that fill its batches, and no more: the next one waits in the queue."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from core.jobs.attempts.affinity import Shape
from worker.rendering.batching import BatchJob
from worker.rendering.process.capacity import Capacity, Slot

PATIENCE_SECONDS = 30


class Visitors:
    """Jobs that wait for a slot, each in a thread of its own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.capacity = Capacity()
        self._threads = threads
        self._may_go = Event()

    def ask(self, *, share: float | None = None) -> tuple[Future[None], Event, list[Slot]]:
        """A job that takes `share` of a batch: its end, whether it is in, and its slot."""
        is_in = Event()
        places: list[Slot] = []

        def visit() -> None:
            job = BatchJob()
            job.share = share
            with self.capacity.wait_for_slot(job) as slot:
                places.append(slot)
                is_in.set()
                assert self._may_go.wait(PATIENCE_SECONDS)

        return self._threads.submit(visit), is_in, places

    def enter(self, *, share: float | None = None) -> Slot:
        """A job that must get a slot."""
        _, is_in, places = self.ask(share=share)
        assert is_in.wait(PATIENCE_SECONDS)
        return places[0]

    def is_full(self, is_in: Event) -> bool:
        """Whether the job still waits: it would be in by now if there were capacity."""
        return not is_in.wait(0.1)

    def end(self) -> None:
        self._may_go.set()


@pytest.fixture
def visitors() -> Iterator[Visitors]:
    with ThreadPoolExecutor(20) as threads, ExitStack() as stack:
        visitors = Visitors(threads)
        stack.callback(visitors.end)
        yield visitors


def test_jobs_of_unknown_size_take_a_quarter(visitors: Visitors) -> None:
    """Four jobs of unknown size fill the capacity, and the fifth waits until one leaves."""
    places = [visitors.enter() for _ in range(4)]
    _, is_in, _ = visitors.ask()
    assert visitors.is_full(is_in)

    places[0].release()

    assert is_in.wait(PATIENCE_SECONDS)


def test_jobs_take_what_they_need(visitors: Visitors) -> None:
    """Eight jobs of an eighth each fit: admission has learned that eight share a forward."""
    for _ in range(7):
        visitors.enter(share=0.125)
    _, is_in, _ = visitors.ask(share=0.125)
    assert visitors.is_full(is_in)


def test_a_job_that_fills_a_batch_is_alone(visitors: Visitors) -> None:
    """A job of many pictures has the engine alone, however large it is."""
    slot = visitors.enter(share=3.0)
    _, is_in, _ = visitors.ask()
    assert visitors.is_full(is_in)

    slot.release()

    assert is_in.wait(PATIENCE_SECONDS)


def test_shares_shrink_as_admission_learns(visitors: Visitors) -> None:
    """A running job that turns out to be small makes capacity for others without a notification."""
    places = [visitors.enter() for _ in range(4)]
    _, is_in, _ = visitors.ask()
    assert visitors.is_full(is_in)

    for slot in places:
        slot.job.share = 0.05

    assert is_in.wait(PATIENCE_SECONDS)


def test_a_slot_is_released_once(visitors: Visitors) -> None:
    """A slot that is released after the last step, and again at the end of the job, frees one slot."""
    places = [visitors.enter() for _ in range(4)]
    places[0].release()
    places[0].release()
    visitors.enter()

    _, is_in, _ = visitors.ask()

    assert visitors.is_full(is_in)


def test_the_end_of_a_job_releases_its_slot() -> None:
    """A job that fails before its last step releases its slot."""
    capacity = Capacity()

    def fail() -> None:
        with capacity.wait_for_slot(BatchJob()) as slot:
            slot.shape = Shape("sd15", 64, 64)
            raise ArithmeticError

    for _ in range(20):
        with pytest.raises(ArithmeticError):
            fail()
    assert capacity.shapes() == frozenset()


def test_it_knows_what_is_being_drawn() -> None:
    """`shapes` are those of the jobs inside, without jobs that are not claimed yet or have released their slot."""
    capacity = Capacity()
    with capacity.wait_for_slot(BatchJob()) as first, capacity.wait_for_slot(BatchJob()) as second:
        assert capacity.shapes() == frozenset()
        first.shape, second.shape = Shape("sd15", 64, 64), Shape("sdxl", 64, 64)
        assert capacity.shapes() == {Shape("sd15", 64, 64), Shape("sdxl", 64, 64)}
        first.release()
        assert capacity.shapes() == {Shape("sdxl", 64, 64)}
