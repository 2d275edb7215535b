"""Joined and split again, every call has what it came with, at any depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.utils import BaseOutput
from hypothesis import given
from hypothesis import strategies as st

from worker.rendering.batching.join import join_arguments, join_outputs, split_output, take_rows
from worker.rendering.batching.rows import Rows


@dataclass
class Sample(BaseOutput):  # type: ignore[misc]  # diffusers has no types
    """The output of a denoiser."""

    sample: Any
    more: Any = None


@dataclass(frozen=True)
class Residuals:
    """The output of a ControlNet as a third party might write it."""

    down: list[torch.Tensor]
    mid: torch.Tensor


def is_ambiguous(form: Any) -> bool:
    """Whether it has lists of plain lists: in a call they are rows if they can be (Qwen-Image's sizes)."""
    if isinstance(form, dict):
        return any(map(is_ambiguous, form.values()))
    if not isinstance(form, (list, tuple)):
        return False
    return any(map(is_ambiguous, form)) or all(isinstance(part, (list, tuple)) for part in form)


#: How a call's values are nested: a leaf is the number of numbers in a row, or a value that is not joined.
_FORMS = st.recursive(
    st.integers(1, 3) | st.sampled_from(["plain", 0.5, None, "shared"]),
    lambda parts: (
        st.lists(parts, min_size=1, max_size=4)
        | st.lists(parts, min_size=1, max_size=4).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), parts, min_size=1)
        | st.tuples(st.integers(1, 3), st.none() | st.integers(1, 3)).map(lambda pair: Sample(*pair))
        | st.tuples(st.integers(1, 3), st.integers(1, 3)).map(lambda pair: Residuals([pair[0], pair[0]], pair[1]))  # type: ignore[list-item,arg-type]
    ),
    max_leaves=8,
).filter(lambda form: not is_ambiguous(form))

#: Values without rows, which must be equal for calls to be joined: longer than any number of rows here.
_SHARED = torch.arange(99.0)


def grow(form: Any, rows: int) -> Any:
    """Values of the form for `rows` rows."""
    if isinstance(form, int):
        return torch.rand(rows, form)
    if form == "shared":
        return _SHARED
    if dataclasses.is_dataclass(form):
        names = [field.name for field in dataclasses.fields(form)]
        return form.__class__(**{name: grow(getattr(form, name), rows) for name in names})
    if isinstance(form, dict):
        return {name: grow(part, rows) for name, part in form.items()}
    if isinstance(form, (list, tuple)):
        return type(form)(grow(part, rows) for part in form)
    return form


def is_same(one: Any, other: Any) -> bool:
    """Whether form and numbers are equal."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if dataclasses.is_dataclass(one):
        return all(is_same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)


def count_rows(counts: Sequence[int], *, are_listed: bool = False) -> list[Rows]:
    return [Rows(count, are_listed) for count in counts]


@given(form=_FORMS, counts=st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_every_call_gets_its_rows_back(form: Any, counts: list[int]) -> None:
    """A model that returns its arguments gives every call its own, whatever they consist of."""
    calls = [{"hidden_states": torch.rand(count, 3), "form": grow(form, count)} for count in counts]

    parts = split_output(join_arguments(calls, count_rows(counts)), count_rows(counts))

    assert all(map(is_same, parts, calls))


@given(form=_FORMS, count=st.integers(2, 6))
def test_a_call_is_taken_apart_into_rows(form: Any, count: int) -> None:
    """A call that is split into rows and joined again is unchanged."""
    call = {"hidden_states": torch.rand(count, 3), "form": grow(form, count)}

    singles = [take_rows(call, Rows(count, are_listed=False), place, 1) for place in range(count)]

    assert [len(single["hidden_states"]) for single in singles] == [1] * count
    assert is_same(join_outputs(singles, count_rows([1] * count)), call)


@given(sides=st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=3), min_size=2, max_size=4))
def test_listed_pictures_are_kept_apart(sides: list[list[int]]) -> None:
    """Listed pictures of several sizes, with their texts, are joined and split in order."""
    counts = [len(call) for call in sides]
    rows = count_rows(counts, are_listed=True)
    pictures = [[torch.rand(2, side) for side in call] for call in sides]
    calls = [{"x": call, "t": torch.rand(len(call))} for call in pictures]
    negatives = [[-picture for picture in call] for call in pictures]

    joined = join_arguments(calls, rows)
    answers: list[Any] = split_output(([-picture for picture in joined["x"]],), rows)

    assert len(joined["x"]) == len(joined["t"]) == sum(counts)
    assert all(is_same(answer, (negative,)) for answer, negative in zip(answers, negatives, strict=True))


@given(sides=st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_a_call_of_listed_pictures_is_taken_apart(sides: list[int]) -> None:
    """Z-Image returns a tuple of one list: joined from single rows it is one list of all of them."""
    pictures = [torch.rand(2, side) for side in sides]
    singles = [take_rows({"x": pictures}, Rows(len(sides), are_listed=True), place, 1) for place in range(len(sides))]

    answer = join_outputs([(single["x"],) for single in singles], count_rows([1] * len(sides), are_listed=True))

    assert is_same(answer, (pictures,))


def test_one_call_alone_is_not_touched() -> None:
    """The tensors of a single call are passed and returned without a copy."""
    call, output = {"hidden_states": torch.rand(2, 3)}, (torch.rand(2, 3),)

    assert join_arguments([call], count_rows([2]))["hidden_states"] is call["hidden_states"]
    assert split_output(output, count_rows([2]))[0] is output


def test_no_job_writes_into_anothers_rows() -> None:
    """Rows are copies: a scheduler that changes its output in place does not change another job's."""
    output = torch.zeros(4, 3)
    first, second = split_output(output, count_rows([2, 2]))

    first += 1

    assert second.sum() == 0
    assert output.sum() == 0
