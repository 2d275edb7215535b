"""The calls that a job makes of its denoisers: only the form of each answer is kept, and a call of a step that was done before
is answered with zeros.
"""

from __future__ import annotations

import json
from typing import Any

import torch

from worker.rendering.checkpoints.trees import Tree, from_tree, to_tree
from worker.rendering.errors import CheckpointRefused, CheckpointUnsupported


class CallLog:
    """The calls of one job, step by step.

    The result of a skipped step is not used, so the numbers of its answers do not matter: zeros of the right shapes let the
    pipeline continue.
    """

    def __init__(self, forms: list[Tree], earlier: list[list[tuple[str, int]]], *, device: torch.device) -> None:
        """`earlier` are the calls of the steps that were done before."""
        self._forms = list(forms)
        self._indices = {json.dumps(form): index for index, form in enumerate(forms)}
        self._earlier = earlier
        self._device = device
        self._steps: list[list[tuple[str, int]]] = [[]]
        #: Why the calls cannot be answered in another process; None if they can.
        self._unsupported: str | None = None

    @property
    def unsupported(self) -> str | None:
        """Why the calls cannot be answered in another process; None if they can."""
        return self._unsupported

    @property
    def forms(self) -> list[Tree]:
        """The forms of all answers, each once. Raises CheckpointUnsupported if one of them cannot be stored."""
        if self._unsupported is not None:
            # A new one each time: an error that is kept keeps the frames that it was raised through.
            raise CheckpointUnsupported(self._unsupported)
        return list(self._forms)

    @property
    def steps(self) -> list[list[tuple[str, int]]]:
        """For each step that has ended, its calls: the module's name and the index of its answer's form."""
        return [list(step) for step in self._steps[:-1]]

    def find(self, module_name: str) -> Any | None:
        """Zeros for the next call if its step was done before, else None. Raises CheckpointRefused if that step had other
        calls.
        """
        step = len(self._steps) - 1
        if step >= len(self._earlier):
            return None
        calls, position = self._earlier[step], len(self._steps[step])
        if position >= len(calls) or calls[position][0] != module_name:
            raise CheckpointRefused(f"Step {step + 1} calls {module_name}, which it did not when it was done.")
        self._steps[step].append(calls[position])
        return from_tree(self._forms[calls[position][1]], self._build_zeros)

    def keep(self, module_name: str, answer: Any) -> None:
        """Keep the form of a call's answer."""
        try:
            form = to_tree(answer, _form_of)
        except CheckpointUnsupported as error:
            self._unsupported = f"the answer of {module_name}: {error.message}"
            return
        key = json.dumps(form)
        if key not in self._indices:
            self._indices[key] = len(self._forms)
            self._forms.append(form)
        self._steps[-1].append((module_name, self._indices[key]))

    def end_step(self) -> None:
        """Later calls belong to the next step. Raises CheckpointRefused if a step has fewer calls than when it was done."""
        step = len(self._steps) - 1
        if step < len(self._earlier) and len(self._steps[step]) != len(self._earlier[step]):
            raise CheckpointRefused(f"Step {step + 1} ends with fewer calls than when it was done.")
        self._steps.append([])

    def _build_zeros(self, form: Tree) -> torch.Tensor:
        return torch.zeros(form["shape"], dtype=getattr(torch, form["dtype"]), device=self._device)


def _form_of(tensor: torch.Tensor) -> Tree:
    return {"shape": list(tensor.shape), "dtype": str(tensor.dtype).removeprefix("torch.")}
