"""Digests of tensors' values, computed once for each tensor: pipelines pass the same ones at every step."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal

import torch

#: The number of tensors that are remembered for one job.
_REMEMBERED = 32

#: Of which values the digest is.
_Kind = Literal["values", "rows"]

#: Returns copies of tensors in main memory.
CopyToHost = Callable[[Sequence[torch.Tensor]], list[torch.Tensor]]


def copy_to_host(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Copies in main memory; a CPU's tensors are there. Waits for a GPU once, however many tensors there are."""
    devices = {tensor.device for tensor in tensors if tensor.device.type == "cuda"}
    copies = [_start_copy(tensor) for tensor in tensors]
    for device in devices:
        torch.cuda.current_stream(device).synchronize()
    return copies


class Digests:
    """The digests of the tensors of one job's calls. It keeps the tensors, so that no other tensor can get the id of one."""

    def __init__(self, copy: CopyToHost = copy_to_host) -> None:
        """`copy` is called with all tensors of a call that are not known yet, and may wait for the device."""
        self._copy = copy
        self._known: OrderedDict[tuple[_Kind, int], tuple[torch.Tensor, str]] = OrderedDict()
        self._unread: list[tuple[_Kind, torch.Tensor]] = []

    def of_values(self, tensor: torch.Tensor) -> str:
        """The digest of a tensor's values, shape and type. Empty if it is not known before `read_unread`."""
        return self._find("values", tensor)

    def of_equal_rows(self, tensor: torch.Tensor) -> str:
        """The digest of a tensor's first row if all rows are equal, else of the whole tensor. Empty as above."""
        return self._find("rows", tensor)

    def read_unread(self) -> bool:
        """Read the tensors whose digests were asked for and not known, all at once. Returns whether there were any."""
        unread, self._unread = self._unread, []
        copies = self._copy([tensor for _, tensor in unread]) if unread else []
        for (kind, tensor), copy in zip(unread, copies, strict=True):
            digest = _digest(copy) if kind == "values" else _digest_of_equal_rows(copy)
            self._known[(kind, id(tensor))] = (tensor, digest)
        # Those of the latest call stay, however many they are.
        while len(self._known) > max(_REMEMBERED, len(unread)):
            self._known.popitem(last=False)
        return bool(unread)

    def _find(self, kind: _Kind, tensor: torch.Tensor) -> str:
        key = (kind, id(tensor))
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key][1]
        self._unread.append((kind, tensor))
        return ""


def _start_copy(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.device.type != "cuda":
        return tensor.detach().to("cpu")
    # Only a copy into pinned memory is made while the host continues.
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return pinned.copy_(tensor.detach(), non_blocking=True)


def _digest(tensor: torch.Tensor) -> str:
    content = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return f"{hashlib.blake2b(content, digest_size=16).hexdigest()} {tensor.dtype} {tuple(tensor.shape)}"


def _digest_of_equal_rows(tensor: torch.Tensor) -> str:
    if bool((tensor == tensor[:1]).all()):
        return _digest(tensor[0])
    return f"unequal rows: {_digest(tensor)}"
