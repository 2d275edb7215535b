"""Threads that want the same at the same time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.rendering.attempt.group_work import GroupWork

_MANY = 50


def test_nobody_waits_for_company() -> None:
    """A item that comes alone is done alone."""
    done: list[list[str]] = []

    def work(items: list[str]) -> int:
        done.append(items)
        return len(items)

    group = GroupWork(work)
    group.do("one")
    group.do("another")

    assert done == [["one"], ["another"]]
    assert group.waiting == 0


def test_what_comes_meanwhile_is_fulfilled_at_once() -> None:
    """In the order in which it came; each item once, and nobody goes on before."""
    batches: list[list[object]] = []
    may_go_on = threading.Event()

    def work(items: list[object]) -> int:
        batches.append(items)
        assert may_go_on.wait(10)
        return len(items)

    group = GroupWork(work)
    items = [object() for _ in range(_MANY)]
    with ThreadPoolExecutor(_MANY) as pool:
        waits = []
        for number, item in enumerate(items):
            waits.append(pool.submit(group.do, item))
            while group.waiting <= number:
                time.sleep(0.001)
        assert not any(wait.done() for wait in waits)
        may_go_on.set()
        for wait in waits:
            wait.result(timeout=10)

    assert batches == [items[:1], items[1:]]


def test_who_is_left_over_has_its_turn() -> None:
    """Where only some can be done at once, the others are next, whoever does it; equal items are two."""
    lock, done = threading.Lock(), 0

    def work(items: list[str]) -> int:
        nonlocal done
        with lock:
            count = min(len(items), 3)
            done += count
        time.sleep(0.001)
        return count

    group = GroupWork(work)
    with ThreadPoolExecutor(_MANY) as pool:
        list(pool.map(group.do, [f"item {number}" for number in range(4 * _MANY)]))

    assert (done, group.waiting) == (4 * _MANY, 0)


def test_an_error_leaves_no_wish_behind() -> None:
    """Nothing is done later for somebody who has gone away."""
    done: list[str] = []

    def work(items: list[str]) -> int:
        if "bad" in items:
            raise ValueError("a bad item")
        done.extend(items)
        return len(items)

    group = GroupWork(work)
    with pytest.raises(ValueError, match="a bad item"):
        group.do("bad")

    group.do("good")
    assert (done, group.waiting) == (["good"], 0)
