"""Digests of tensors' values, computed once for each tensor: pipelines pass the same ones at every step."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable

import torch

#: The number of tensors that are remembered for one job.
_REMEMBERED = 32


class Digests:
    """The digests of the tensors of one job's calls. It keeps the tensors, so that no other tensor can get the id of one."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], tuple[torch.Tensor, str]] = OrderedDict()

    def of_values(self, tensor: torch.Tensor) -> str:
        """The digest of a tensor's values, shape and type. The first call for a tensor waits for the device."""
        return self._remember("values", tensor, _digest)

    def of_equal_rows(self, tensor: torch.Tensor) -> str:
        """The digest of a tensor's first row if all rows are equal, else of the whole tensor."""
        return self._remember("rows", tensor, _digest_of_equal_rows)

    def _remember(self, kind: str, tensor: torch.Tensor, compute: Callable[[torch.Tensor], str]) -> str:
        key = (kind, id(tensor))
        if key not in self._known:
            self._known[key] = (tensor, compute(tensor))
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[key][1]


def _digest(tensor: torch.Tensor) -> str:
    content = tensor.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return f"{hashlib.blake2b(content, digest_size=16).hexdigest()} {tensor.dtype} {tuple(tensor.shape)}"


def _digest_of_equal_rows(tensor: torch.Tensor) -> str:
    if bool((tensor == tensor[:1]).all()):
        return _digest(tensor[0])
    return f"unequal rows: {_digest(tensor)}"
