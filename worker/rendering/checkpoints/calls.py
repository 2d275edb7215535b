"""What a job's calls of its denoisers came to: written down in form only, and answered with zeros when done before."""

from __future__ import annotations

import json
from typing import Any

import torch

from worker.rendering.checkpoints.trees import Tree, from_tree, to_tree
from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported


class CallLog:
    """The calls of one job, step by step.

    A skipped step's result is not looked at, so neither are the numbers that it is made of: zeros of the right shapes
    let the pipeline go on.
    """

    def __init__(self, forms: list[Tree], earlier: list[list[tuple[str, int]]], *, device: torch.device) -> None:
        """`earlier` are the calls of the steps that are done already."""
        self._forms = list(forms)
        self._indices = {json.dumps(form): index for index, form in enumerate(forms)}
        self._earlier = earlier
        self._device = device
        self._steps: list[list[tuple[str, int]]] = [[]]
        #: Why the calls cannot be answered in another process, where they cannot.
        self._unsupported: CheckpointUnsupported | None = None

    @property
    def forms(self) -> list[Tree]:
        """Of all answers, each once. Raises CheckpointUnsupported when there was one that cannot be written down."""
        if self._unsupported is not None:
            raise self._unsupported
        return list(self._forms)

    @property
    def steps(self) -> list[list[tuple[str, int]]]:
        """For each step that has ended its calls: the module's name and the index of the form of its answer."""
        return [list(step) for step in self._steps[:-1]]

    def find(self, module_name: str) -> Any | None:
        """Zeros for the next call, when it is of a step that is done already; else None."""
        step = len(self._steps) - 1
        if step >= len(self._earlier):
            return None
        calls, position = self._earlier[step], len(self._steps[step])
        if position >= len(calls) or calls[position][0] != module_name:
            raise CheckpointRefused(f"Step {step + 1} calls {module_name}, which it did not when it was done.")
        self._steps[step].append(calls[position])
        return from_tree(self._forms[calls[position][1]], self._build_zeros)

    def keep(self, module_name: str, answer: Any) -> None:
        """A call has been answered."""
        try:
            form = to_tree(answer, _form_of)
        except CheckpointUnsupported as error:
            self._unsupported = CheckpointUnsupported(f"the answer of {module_name}: {error.message}")
            return
        key = json.dumps(form)
        if key not in self._indices:
            self._indices[key] = len(self._forms)
            self._forms.append(form)
        self._steps[-1].append((module_name, self._indices[key]))

    def end_step(self) -> None:
        """Later calls are the next step's. Raises CheckpointRefused when a step is done again with fewer calls."""
        step = len(self._steps) - 1
        if step < len(self._earlier) and len(self._steps[step]) != len(self._earlier[step]):
            raise CheckpointRefused(f"Step {step + 1} ends with fewer calls than when it was done.")
        self._steps.append([])

    def _build_zeros(self, form: Tree) -> torch.Tensor:
        return torch.zeros(form["shape"], dtype=getattr(torch, form["dtype"]), device=self._device)


def _form_of(tensor: torch.Tensor) -> Tree:
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
