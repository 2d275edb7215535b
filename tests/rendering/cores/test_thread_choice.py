"""The number of threads of a forward is learned from how long forwards take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from worker.rendering.batching.thread_choice import ThreadChoice

#: Seconds of a forward by its number of threads.
Seconds = Callable[[int], float]


def work(choice: ThreadChoice, forwards: int, seconds: Seconds, *, most: int = 8, rows: int = 2) -> list[int]:
    """Run forwards with the numbers of threads that are chosen. Returns them."""
    numbers = []
    for _ in range(forwards):
        threads = choice.choose("square", rows, most)
        choice.record("square", rows, most, threads, seconds(threads))
        numbers.append(threads)
    return numbers


def with_all(threads: int) -> float:
    """More threads are faster."""
    return 1 / threads


def with_one(threads: int) -> float:
    """Each thread more costs as much as the forward."""
    return float(threads)


def test_a_forward_begins_with_all_cores() -> None:
    """One to warm up and three that are measured."""
    assert work(ThreadChoice(), 4, with_one) == [8] * 4


def test_all_cores_are_kept_if_they_are_fastest() -> None:
    """Half of them is tried: twice, as the first forward with each number is slow and its time counts for nothing."""
    assert work(ThreadChoice(), 30, with_all) == [8] * 4 + [4] * 2 + [8] * 24


def test_it_goes_down_to_one_if_that_is_fastest() -> None:
    assert work(ThreadChoice(), 40, with_one)[-20:] == [1] * 20


def test_it_stops_in_between() -> None:
    """As where the threads of half the cores wait for each other little enough."""
    assert work(ThreadChoice(), 40, lambda threads: 1 / threads + threads / 16)[-20:] == [4] * 20


@pytest.mark.parametrize(("most", "tried"), [(12, {12, 6, 3, 1}), (3, {3, 1}), (2, {2, 1}), (1, {1})])
def test_it_tries_halves(most: int, tried: set[int]) -> None:
    assert set(work(ThreadChoice(), 40, with_one, most=most)) == tried


def test_a_number_that_is_clearly_slower_is_tried_little() -> None:
    """Of the forwards in a long time, a fiftieth at most."""
    numbers = work(ThreadChoice(), 1000, with_all)

    assert len(numbers) - numbers.count(8) <= 20


def test_a_gain_of_noise_is_none() -> None:
    """A number of threads that saves 2 % is not taken."""
    assert work(ThreadChoice(), 40, lambda threads: 0.98 if threads == 4 else 1.0)[-1] == 8


def test_one_fast_forward_decides_nothing() -> None:
    """The median of three is judged."""
    fast = iter([0.1])

    assert work(ThreadChoice(), 30, lambda threads: 1.0 if threads == 8 else next(fast, 1.1))[-1] == 8


@pytest.mark.parametrize(("before", "after", "last"), [(with_all, with_one, 1), (with_one, with_all, 8)])
def test_it_follows_what_changes(before: Seconds, after: Seconds, last: int) -> None:
    """Other programs take cores, or release them: the neighbouring numbers are measured again now and then."""
    choice = ThreadChoice()
    work(choice, 300, before)

    assert work(choice, 600, after)[-1] == last


def test_each_number_of_rows_and_of_cores_has_its_own() -> None:
    """What is known of two rows says nothing about eight, and of half of the cores nothing about all."""
    choice = ThreadChoice()
    work(choice, 40, with_one)

    assert choice.choose("square", 8, 8) == 8
    assert choice.choose("square", 2, 4) == 4
    assert choice.choose("tall", 2, 8) == 8
