"""Threads that want the same at the same time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.rendering.attempt.group_work import Together

_MANY = 50


def test_nobody_waits_for_company() -> None:
    """A wish that comes alone is fulfilled alone."""
    fulfilled: list[list[str]] = []

    def fulfil(wishes: list[str]) -> int:
        fulfilled.append(wishes)
        return len(wishes)

    together = Together(fulfil)
    together.wait_for("one")
    together.wait_for("another")

    assert fulfilled == [["one"], ["another"]]
    assert together.waiting == 0


def test_what_comes_meanwhile_is_fulfilled_at_once() -> None:
    """In the order in which it came; each wish once, and nobody goes on before."""
    batches: list[list[object]] = []
    may_go_on = threading.Event()

    def fulfil(wishes: list[object]) -> int:
        batches.append(wishes)
        assert may_go_on.wait(10)
        return len(wishes)

    together = Together(fulfil)
    wishes = [object() for _ in range(_MANY)]
    with ThreadPoolExecutor(_MANY) as pool:
        waits = []
        for number, wish in enumerate(wishes):
            waits.append(pool.submit(together.wait_for, wish))
            while together.waiting <= number:
                time.sleep(0.001)
        assert not any(wait.done() for wait in waits)
        may_go_on.set()
        for wait in waits:
            wait.result(timeout=10)

    assert batches == [wishes[:1], wishes[1:]]


def test_who_is_left_over_has_its_turn() -> None:
    """Where only some can be fulfilled at once, the others are next, whoever does it; equal wishes are two."""
    lock, fulfilled = threading.Lock(), 0

    def fulfil(wishes: list[str]) -> int:
        nonlocal fulfilled
        with lock:
            count = min(len(wishes), 3)
            fulfilled += count
        time.sleep(0.001)
        return count

    together = Together(fulfil)
    with ThreadPoolExecutor(_MANY) as pool:
        list(pool.map(together.wait_for, [f"wish {number}" for number in range(4 * _MANY)]))

    assert (fulfilled, together.waiting) == (4 * _MANY, 0)


def test_an_error_leaves_no_wish_behind() -> None:
    """Nothing is done later for somebody who has gone away."""
    fulfilled: list[str] = []

    def fulfil(wishes: list[str]) -> int:
        if "bad" in wishes:
            raise ValueError("a bad wish")
        fulfilled.extend(wishes)
        return len(wishes)

    together = Together(fulfil)
    with pytest.raises(ValueError, match="a bad wish"):
        together.wait_for("bad")

    together.wait_for("good")
    assert (fulfilled, together.waiting) == (["good"], 0)
