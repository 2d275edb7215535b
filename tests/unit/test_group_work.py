"""Threads that want the same at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from worker.rendering.attempt.group_work import GroupWork

_MANY = 50


def test_nobody_waits_for_company() -> None:
    """An item that comes alone is done alone, and its thread gets its result."""
    done: list[list[str]] = []

    def work(items: Sequence[str]) -> list[str]:
        done.append([*items])
        return [item.upper() for item in items]

    group = GroupWork(work)
    assert [group.do("one"), group.do("another")] == ["ONE", "ANOTHER"]

    assert done == [["one"], ["another"]]
    assert group.waiting == 0


def test_items_that_arrive_during_work_are_done_at_once() -> None:
    """In the order in which it came; each item once, and nobody goes on before."""
    batches: list[list[object]] = []
    may_go_on = threading.Event()

    def work(items: Sequence[object]) -> Sequence[object]:
        batches.append([*items])
        assert may_go_on.wait(10)
        return items

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
        assert [wait.result(timeout=10) for wait in waits] == items

    assert batches == [items[:1], items[1:]]


def test_items_that_are_left_over_are_next() -> None:
    """If only some can be done at once, the others are next; equal items are two."""
    lock, done = threading.Lock(), 0

    def work(items: Sequence[str]) -> Sequence[str]:
        nonlocal done
        with lock:
            some = items[:3]
            done += len(some)
        time.sleep(0.001)
        return some

    group = GroupWork(work)
    with ThreadPoolExecutor(_MANY) as pool:
        items = [f"item {number}" for number in range(4 * _MANY)]
        assert list(pool.map(group.do, items)) == items

    assert (done, group.waiting) == (4 * _MANY, 0)


def test_an_error_leaves_no_item_behind() -> None:
    """Nothing is done later for somebody who has gone away."""
    done: list[str] = []

    def work(items: Sequence[str]) -> Sequence[str]:
        if "bad" in items:
            raise ValueError("a bad item")
        done.extend(items)
        return items

    group = GroupWork(work)
    with pytest.raises(ValueError, match="a bad item"):
        group.do("bad")

    group.do("good")
    assert (done, group.waiting) == (["good"], 0)


def test_an_error_is_the_error_of_every_item_of_its_group() -> None:
    """Threads whose items were given to work that raised get its error; a thread that comes later does not."""
    has_begun, may_go_on = threading.Event(), threading.Event()

    def work(items: Sequence[str]) -> Sequence[str]:
        has_begun.set()
        assert may_go_on.wait(10)
        if len(items) > 1:
            raise ValueError("a bad group")
        return items

    group = GroupWork(work)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(group.do, "first")
        assert has_begun.wait(10)
        others = [pool.submit(group.do, "second"), pool.submit(group.do, "third")]
        while group.waiting < 3:
            time.sleep(0.001)
        may_go_on.set()
        assert first.result(timeout=10) == "first"
        for other in others:
            with pytest.raises(ValueError, match="a bad group"):
                other.result(timeout=10)

    assert group.do("later") == "later"
