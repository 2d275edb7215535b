"""Join the arguments of several calls along their rows, and split the output into each call's rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from worker.rendering.batching.rows import Rows


def join_arguments(calls: Sequence[Mapping[str, Any]], rows: Sequence[Rows]) -> dict[str, Any]:
    """The arguments of one forward for all calls, whose keys are equal; the first call's rows come first."""
    if len(calls) == 1:
        return dict(calls[0])
    return {name: _join([call[name] for call in calls], rows) for name in calls[0]}


def split_output(output: Any, rows: Sequence[Rows]) -> list[Any]:
    """The output that each call would have from a forward of its own: tensors, lists, dicts and dataclasses, at any depth."""
    if len(rows) == 1:
        return [output]
    counts = [item.count for item in rows]
    total = Rows(sum(counts), rows[0].are_listed)
    return [_take_output(output, total, sum(counts[:index]), count) for index, count in enumerate(counts)]


def take_rows(arguments: Mapping[str, Any], rows: Rows, start: int, count: int) -> dict[str, Any]:
    """The arguments for some of a call's rows, for a call that is too large for the memory even alone."""
    return {name: _take(value, rows, start, count) for name, value in arguments.items()}


def join_outputs(outputs: Sequence[Any], rows: Sequence[Rows]) -> Any:
    """One call's output from the outputs of its parts."""
    if len(outputs) == 1:
        return outputs[0]
    if isinstance(outputs[0], tuple):
        return tuple(_join(items, rows) for items in zip(*outputs, strict=True))
    return _join(outputs, rows)


def _take_output(output: Any, rows: Rows, start: int, count: int) -> Any:
    # A module returns several results as a tuple, which is no list of rows even if it has as many items.
    if isinstance(output, tuple):
        return tuple(_take(item, rows, start, count) for item in output)
    return _take(output, rows, start, count)


def _join(values: Sequence[Any], rows: Sequence[Rows]) -> Any:
    first = values[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(list(values)) if rows[0].has_tensor(first) else first
    if rows[0].has_list(first):
        return type(first)(item for value in values for item in value)
    if _is_dataclass(first):
        names = [field.name for field in dataclasses.fields(first)]
        return type(first)(**{name: _join([getattr(value, name) for value in values], rows) for name in names})
    if isinstance(first, Mapping):
        return {name: _join([value[name] for value in values], rows) for name in first}
    if isinstance(first, (list, tuple)):
        return type(first)(_join(items, rows) for items in zip(*values, strict=True))
    return first


def _take(value: Any, rows: Rows, start: int, count: int) -> Any:
    if isinstance(value, torch.Tensor):
        # A copy: pipelines and schedulers may keep their tensors and change them in place.
        return value[start : start + count].clone() if rows.has_tensor(value) else value
    if rows.has_list(value):
        return value[start : start + count]
    if _is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return type(value)(**{name: _take(getattr(value, name), rows, start, count) for name in names})
    if isinstance(value, Mapping):
        return {name: _take(item, rows, start, count) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_take(item, rows, start, count) for item in value)
    return value


def _is_dataclass(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)
