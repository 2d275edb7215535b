"""The safetensors files in a component's folder, which of them its class reads, and how large they are in memory."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

#: `model.fp16.safetensors`, `model.fp16-00001-of-00002.safetensors`: the same weights in another form, named `fp16`.
_VARIANT = re.compile(r"\.(?P<variant>[a-z][a-z0-9_]*)(-\d{5}-of-\d{5})?\.safetensors$")

#: A safetensors file begins with the length of its header, in this many bytes.
_LENGTH_BYTES = 8

_FLOATS = {"F64", "F32", "F16", "BF16"}
_ITEM_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}


#: A component's files by variant (`fp16`); the ordinary ones under None.
Weights = Mapping[str | None, tuple[Path, ...]]


def list_weights(folder: Path) -> dict[str | None, tuple[Path, ...]]:
    """The safetensors files of a component's folder by variant."""
    by_variant: dict[str | None, tuple[Path, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        match = _VARIANT.search(path.name)
        variant = match["variant"] if match else None
        by_variant[variant] = (*by_variant.get(variant, ()), path)
    return by_variant


def choose_variant(components: Iterable[Weights]) -> str | None:
    """The variant to load: the ordinary weights, or the first variant of a component that has no ordinary ones."""
    only_variants = [sorted(map(str, weights)) for weights in components if weights and None not in weights]
    return only_variants[0][0] if only_variants else None


def estimate_bytes(file: Path, dtype: torch.dtype) -> int:
    """The bytes that the file's tensors take in memory if the floating-point ones are cast to the dtype."""
    return sum(_tensor_bytes(tensor, dtype) for name, tensor in _read_header(file).items() if name != "__metadata__")


def locate_tensors(file: Path) -> tuple[dict[str, Any], int]:
    """What the file says of its tensors, by name, and the byte at which they begin. Raises ValueError if it is no safetensors file."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        if length > file.stat().st_size:
            raise ValueError("the header is longer than the file")
        header: dict[str, Any] = json.loads(stream.read(length))
    return header, _LENGTH_BYTES + length


def read_dtypes(file: Path) -> Counter[str]:
    """How many floating-point numbers the file stores in each of safetensors' dtypes (`F32`, `F16`, `BF16`)."""
    numbers: Counter[str] = Counter()
    for name, tensor in _read_header(file).items():
        if name != "__metadata__" and tensor["dtype"] in _FLOATS:
            numbers[tensor["dtype"]] += math.prod(tensor["shape"])
    return numbers


def _tensor_bytes(tensor: dict[str, Any], dtype: torch.dtype) -> int:
    item_bytes = dtype.itemsize if tensor["dtype"] in _FLOATS else _ITEM_BYTES.get(tensor["dtype"], 1)
    count: int = math.prod(tensor["shape"])
    return count * item_bytes


def _read_header(file: Path) -> dict[str, Any]:
    return locate_tensors(file)[0]
