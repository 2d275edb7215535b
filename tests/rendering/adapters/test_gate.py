"""Forwards of one set of adapters run side by side, those of different sets one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.rendering.batching.batch_job import AdapterSet
from worker.rendering.batching.gate import Gate

ONE: AdapterSet = (("one", 1.0),)
TWO: AdapterSet = (("one", 0.5),)


def test_forwards_of_one_set_run_side_by_side() -> None:
    """Two forwards of one set are inside at the same time."""
    gate = Gate(lambda _adapters: None)
    met = threading.Barrier(2, timeout=30)

    def run() -> None:
        with gate.forward(ONE):
            met.wait()

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(run) for _ in range(2)]:
            each.result()


def test_sets_are_kept_apart() -> None:
    """Among many forwards with three sets, and changes, each forward finds its own set, and none waits for ever."""
    active: list[AdapterSet] = [()]
    gate = Gate(lambda adapters: active.__setitem__(0, adapters))

    def run(number: int) -> None:
        wanted = ((), ONE, TWO)[number % 3]
        for turn in range(50):
            if turn % 10 == number % 10:
                with gate.held():
                    active[0] = ()
            with gate.forward(wanted):
                assert active[0] == wanted

    with ThreadPoolExecutor(6) as threads:
        for each in [threads.submit(run, number) for number in range(6)]:
            each.result(timeout=60)


def test_a_set_that_cannot_be_switched_to_stops_no_other() -> None:
    """The forward of a set that cannot be activated gets the error, and others run."""

    def activate(adapters: AdapterSet) -> None:
        if adapters == ONE:
            raise RuntimeError("broken")

    gate = Gate(activate)
    with pytest.raises(RuntimeError, match="broken"), gate.forward(ONE):
        pass
    with gate.forward(TWO), gate.forward(TWO):
        pass
