"""The number of rows in a forward is learned from the cost of forwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from worker.rendering.batching.admission import Admission


def work(admission: Admission, forwards: int, seconds: Callable[[int], float], shape: str = "square") -> list[int]:
    """Run `forwards` forwards, each as large as is allowed. Returns their sizes."""
    sizes = []
    for _ in range(forwards):
        rows = admission.limit(shape)
        admission.record(shape, rows, seconds(rows))
        sizes.append(rows)
    return sizes


def test_it_starts_small() -> None:
    """A new shape starts with four rows, or fewer if no more are allowed at all."""
    assert Admission(most_rows=64).limit("square") == 4
    assert Admission(most_rows=2).limit("square") == 2


def test_it_doubles_while_rows_get_cheaper() -> None:
    """If a forward costs the same with any number of rows, it grows to the maximum, with three forwards for each size."""
    sizes = work(Admission(most_rows=64), 18, lambda _: 1.0)

    assert sizes == [4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64]


def test_it_stops_at_the_knee() -> None:
    """If rows get no cheaper beyond 16, it tries 32 three times and stays at 16."""
    sizes = work(Admission(most_rows=64), 30, lambda rows: max(16, rows) * 0.01)

    assert sizes.count(32) == 3
    assert set(sizes[-10:]) == {16}


def test_a_gain_of_noise_is_none() -> None:
    """A size that makes a row 2 % cheaper is not worth its latency."""
    sizes = work(Admission(most_rows=64), 30, lambda rows: rows * (0.01 if rows <= 4 else 0.0098))

    assert sizes[-1] == 4


def test_one_slow_forward_decides_nothing() -> None:
    """The first forward of a size is slow: the median of three is judged."""
    seen: set[int] = set()

    def slow_at_first(rows: int) -> float:
        is_first = rows not in seen
        seen.add(rows)
        return 100.0 if is_first else 1.0

    assert work(Admission(most_rows=64), 30, slow_at_first)[-1] == 64


def test_it_measures_again() -> None:
    """A size that was expensive in a busy moment is tried again within some dozens of forwards, and kept if it is cheap now."""
    admission = Admission(most_rows=64)
    work(admission, 20, lambda rows: max(8, rows) * 0.01)
    assert admission.limit("square") == 8

    sizes = work(admission, 150, lambda _: 0.01)

    assert sizes[0] == 8
    assert sizes[-1] > 8


def test_it_steps_back_when_rows_get_dearer() -> None:
    """A device that is busy with something else gets smaller forwards: measurements are forgotten after nine forwards."""
    admission = Admission(most_rows=16)
    assert work(admission, 20, lambda _: 1.0)[-1] == 16

    assert work(admission, 30, lambda rows: rows * rows * 1.0)[-1] < 16


def test_forwards_that_are_not_full_teach_too() -> None:
    """5 to 8 rows count as eight: a load of at most six rows is enough to judge the size."""
    admission = Admission(most_rows=64)
    for _ in range(3):
        admission.record("square", 6, 0.06)
        admission.record("square", 12, 0.12)

    assert admission.limit("square") == 8


def test_no_memory_is_a_bound() -> None:
    """A number of rows that did not fit is not tried again soon, whatever it would gain; the smallest one counts."""
    admission = Admission(most_rows=64)
    work(admission, 20, lambda _: 1.0)
    admission.record_out_of_memory("square", 24)
    admission.record_out_of_memory("square", 32)

    assert work(admission, 20, lambda _: 1.0) == [23] * 20
    admission.record_out_of_memory("square", 1)
    assert admission.limit("square") == 1


def test_memory_may_come_back() -> None:
    """Twice as many rows are tried after some hundreds of forwards, and again later: the memory may be free by then."""
    admission = Admission(most_rows=16)
    admission.record_out_of_memory("square", 2)

    sizes = work(admission, 2_000, lambda _: 1.0)

    assert set(sizes[:200]) == {1}
    assert sizes[-1] == 16


@pytest.mark.parametrize("first", ["wide", "tall"])
def test_shapes_are_judged_apart(first: str) -> None:
    """The measurements of one size of picture do not affect another."""
    admission = Admission(most_rows=64)
    work(admission, 20, lambda _: 1.0, shape=first)

    assert admission.limit(first) == 64
    assert admission.limit("square") == 4


def test_costs_are_described_in_milliseconds_for_each_row() -> None:
    """`describe` returns milliseconds for each row, as logs and benchmarks show them."""
    admission = Admission(most_rows=64)
    for seconds in (0.4, 0.8, 0.2):
        admission.record(("unet", 64), 4, seconds)

    assert admission.describe() == {"('unet', 64)": {"4": 100.0}}
