"""Find what is missing or damaged among a model's weights files before anything is loaded, and say which file it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffusers import ModelMixin
from transformers import PreTrainedModel

from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.foreign_code import Components
from worker.rendering.models.weights import Weights, locate_tensors

#: Weights of other kinds, which are never read: pickles can run code.
_OTHER_KINDS = ("*.bin", "*.ckpt", "*.pt", "*.pth", "*.msgpack", "*.h5", "*.onnx", "*.gguf")

#: `model-00001-of-00003.safetensors`, with a variant before or after the number.
_SHARD = re.compile(r"-(?P<number>\d{5})-of-(?P<count>\d{5})(\.[a-z0-9_]+)?\.safetensors$")


def refuse_missing_weights(
    folder: Path, components: Components, weights: Mapping[str, Weights], variant: str | None
) -> None:
    """Raises ModelUnavailable, naming the file, if weights of a component are missing, damaged, or only there in another kind.

    `components`: classes by the component's name. `weights`: the files that are there, by component and variant.
    """
    for name, wanted in components.items():
        if issubclass(wanted, ModelMixin | PreTrainedModel):
            refuse_incomplete(folder / name, name, weights.get(name, {}), variant)
        elif not (folder / name).is_dir():
            raise ModelUnavailable(f"the folder {name} is missing")


def refuse_damaged(file: Path, shown: str) -> None:
    """Raises ModelUnavailable, with the name that is shown for it, if the file is no safetensors file or ends too early."""
    try:
        header, start = locate_tensors(file)
        end = max((tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, MemoryError, OverflowError) as error:
        raise ModelUnavailable(f"{shown} is no safetensors file, or is damaged") from error
    if (found := file.stat().st_size) != start + end:
        raise ModelUnavailable(f"{shown} has {found} bytes instead of {start + end}")


def refuse_incomplete(here: Path, name: str, by_variant: Weights, variant: str | None) -> None:
    """The same for one component in a folder, which is shown by that name."""
    if not here.is_dir():
        raise ModelUnavailable(f"the folder {name} is missing")
    if not (here / "config.json").is_file():
        raise ModelUnavailable(f"{name}/config.json is missing")
    files = by_variant.get(variant) or by_variant.get(None, ())
    if not files:
        raise ModelUnavailable(f"{name} has {_explain_none(here, by_variant)}")
    _refuse_missing_shards(here, name, [file.name for file in files])
    for file in files:
        refuse_damaged(file, f"{name}/{file.name}")


def _explain_none(here: Path, by_variant: Weights) -> str:
    if by_variant:
        variants = " and ".join(sorted(map(str, by_variant)))
        return f"its weights only as the variant {variants}, which other components do not have"
    others = sorted(path.name for pattern in _OTHER_KINDS for path in here.glob(pattern))
    if others:
        return f"no safetensors file: {others[0]} is of a kind that is not read"
    index = next(here.glob("*.safetensors.index*.json"), None)
    return "no safetensors file" + (f", only {index.name}" if index else "")


def _refuse_missing_shards(here: Path, name: str, names: list[str]) -> None:
    shards = [found for name in names if (found := _SHARD.search(name))]
    if not shards:
        return
    for found in shards:
        for number in range(1, int(found["count"]) + 1):
            start, end = found.string[: found.start("number")], found.string[found.end("number") :]
            if f"{start}{number:05}{end}" not in names:
                raise ModelUnavailable(f"{name}/{start}{number:05}{end} is missing")
    if not any(_names_a_shard(index, name, names) for index in here.glob("*.safetensors.index*.json")):
        raise ModelUnavailable(f"{name} has {names[0]} and no index of its shards (….safetensors.index.json)")


def _names_a_shard(index: Path, name: str, names: list[str]) -> bool:
    """Whether it is the index of these shards. Raises ModelUnavailable if it is damaged, or names a file that is not there."""
    shown = f"{name}/{index.name}"
    try:
        content: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
        named = set(content["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(f"{shown} is damaged") from error
    if named.isdisjoint(names):
        return False
    if missing := sorted(named - set(names)):
        raise ModelUnavailable(f"{name}/{missing[0]} is missing, which {index.name} names")
    return True
