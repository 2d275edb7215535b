"""The attributes of a scheduler that its steps change, whatever they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import torch

from worker.rendering.checkpoints.tensors import TensorReader, TensorStore
from worker.rendering.checkpoints.trees import Tree
from worker.rendering.errors import CheckpointUnsupported


@dataclass(frozen=True)
class _Value:
    """An attribute as it was before the first step."""

    value: Any
    #: A copy of its content; None for an object that cannot be stored (another scheduler).
    content: tuple[Tree, Mapping[str, torch.Tensor]] | None

    def is_still(self, value: Any) -> bool:
        if self.content is None:
            return value is self.value
        now = _read(value)
        return now is not None and now[0] == self.content[0] and _have_equal_tensors(now[1], self.content[1])


class SchedulerState:
    """A scheduler's attributes before its first step, and those that have changed since.

    The rest (the noise schedule, the timesteps, the configuration) is made again by the process that resumes.
    """

    def __init__(self, scheduler: Any) -> None:
        """Must be built after the pipeline has set the timesteps and before the first step."""
        self._scheduler = scheduler
        self._before = {name: _Value(value, _read(value)) for name, value in _read_attributes(scheduler).items()}

    def put_changes(self, store: TensorStore) -> dict[str, Tree]:
        """Every attribute that has changed, by name. Raises CheckpointUnsupported."""
        changed = {}
        for name, value in _read_attributes(self._scheduler).items():
            before = self._before.get(name)
            if before is not None and before.is_still(value):
                continue
            try:
                changed[name] = store.put(value)
            except CheckpointUnsupported as error:
                raise CheckpointUnsupported(f"the scheduler's {name}: {error.message}") from error
        return changed

    def restore(self, changed: Mapping[str, Tree], reader: TensorReader) -> None:
        """Set the scheduler to the state that it had when the changes were stored."""
        for name in [
            name for name in _read_attributes(self._scheduler) if name not in self._before and name not in changed
        ]:
            delattr(self._scheduler, name)
        for name, before in self._before.items():
            if name not in changed and before.content is not None:
                tree, tensors = before.content
                if not before.is_still(getattr(self._scheduler, name, None)):
                    setattr(self._scheduler, name, TensorReader(tensors, _device_of(before.value)).get(tree))
        for name, tree in changed.items():
            setattr(self._scheduler, name, reader.get(tree))


def _read_attributes(scheduler: Any) -> dict[str, Any]:
    """Without the functions that were put in place of its methods. They are no state; and they hold the job's journal, which
    would hold them.
    """
    return {name: value for name, value in vars(scheduler).items() if not isinstance(value, FunctionType)}


def _read(value: Any) -> tuple[Tree, Mapping[str, torch.Tensor]] | None:
    store = TensorStore()
    try:
        return store.put(value), store.tensors
    except CheckpointUnsupported:
        return None


def _have_equal_tensors(some: Mapping[str, torch.Tensor], others: Mapping[str, torch.Tensor]) -> bool:
    return all(
        tensor.dtype == others[name].dtype and torch.equal(tensor, others[name]) for name, tensor in some.items()
    )


def _device_of(value: Any) -> torch.device:
    return value.device if isinstance(value, torch.Tensor) else torch.device("cpu")
