"""Tensors are compared by value, and read once."""

from __future__ import annotations

import pytest
import torch

from worker.rendering.batching.digests import Digests


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.float8_e4m3fn])
def test_equal_values_have_equal_digests(dtype: torch.dtype) -> None:
    """Two tensors of equal values, in any layout, have equal digests; one changed number makes another digest."""
    numbers = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(dtype)
    other = torch.tensor([[0, 1, 1], [1, 0, 0]]).to(dtype)
    digests = Digests()

    assert digests.of_values(numbers) == Digests().of_values(numbers.clone())
    assert digests.of_values(numbers) == digests.of_values(numbers.t().contiguous().t())
    assert digests.of_values(numbers) != digests.of_values(other)


def test_shape_and_type_count() -> None:
    """The same bytes in another shape or type have another digest."""
    digests, zeros = Digests(), torch.zeros(4, 2)

    assert digests.of_values(zeros) != digests.of_values(zeros.reshape(2, 4))
    assert digests.of_values(zeros) != digests.of_values(torch.zeros(4, 2, dtype=torch.int32))


def test_rows_that_are_equal_count_once() -> None:
    """Any number of equal rows has the digest of one; unequal rows have a digest of all."""
    digests, row = Digests(), torch.arange(6.0).reshape(1, 6)

    assert digests.of_equal_rows(row) == digests.of_equal_rows(row.expand(3, 6))
    assert digests.of_equal_rows(torch.cat([row, row + 1])) != digests.of_equal_rows(torch.cat([row, row + 2]))
    assert digests.of_equal_rows(torch.cat([row, row + 1])) != digests.of_equal_rows(row)


def test_a_tensor_is_not_mistaken_for_one_that_is_gone() -> None:
    """Hundreds of tensors, one after the other at the same address, have their own digests."""
    digests = Digests()
    found = [digests.of_values(torch.full((3,), float(number))) for number in range(300)]

    assert len(set(found)) == 300
    assert len(digests._known) <= 32


def test_a_tensor_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tensor that is passed at every step is read once, because a read waits for the device."""
    digests, positions = Digests(), torch.arange(6.0)
    first = digests.of_values(positions)
    # A second read would fail.
    monkeypatch.setattr("worker.rendering.batching.digests._digest", None)

    assert digests.of_values(positions) == first
