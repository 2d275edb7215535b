"""A LoRA's file, and the error that refuses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.rendering.errors import ModelUnavailable


@dataclass(frozen=True)
class LoraFile:
    """One safetensors file with an adapter."""

    id: str
    path: Path
    #: In hexadecimal.
    sha256: str
    #: peft's `adapter_config.json`, if one belongs to the file.
    settings: Mapping[str, Any] = field(default_factory=dict)


#: Returns the file of the LoRA with that id. Raises ModelUnavailable.
GetLora = Callable[[str], LoraFile]


def refuse(file: LoraFile, reason: str) -> ModelUnavailable:
    """The error for a LoRA that cannot be used; it names the LoRA."""
    return ModelUnavailable(f"The LoRA {file.id!r} could not be loaded on this worker: {reason}.")
