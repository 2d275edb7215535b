"""Refuse model folders that need code of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import diffusers
from diffusers import pipelines

from worker.rendering.errors import ModelUnavailable

#: The libraries whose classes a folder may name; diffusers' pipeline modules have some of their own.
_LIBRARIES = frozenset({"diffusers", "transformers"})


def refuse_foreign_code(folder: Path, model_index: dict[str, Any]) -> None:
    """Raises ModelUnavailable if the pipeline or a component is not a class that is installed here.

    diffusers and transformers would refuse too, but late, and with advice to trust the code.
    """
    class_name = model_index.get("_class_name")
    if not isinstance(class_name, str) or not hasattr(diffusers, class_name):
        raise ModelUnavailable(f"its pipeline {_show(class_name)} is not one of diffusers' own")
    for name, origin in model_index.items():
        if not name.startswith("_") and isinstance(origin, list) and origin[0] is not None:
            _refuse_foreign_library(name, origin[0])
    for config in sorted(folder.glob("*/*config*.json")):
        if _asks_for_code(config):
            raise ModelUnavailable(f"{config.parent.name} asks for code of its own, which is never run")


def _refuse_foreign_library(name: str, library: object) -> None:
    if library not in _LIBRARIES and not (isinstance(library, str) and hasattr(pipelines, library)):
        raise ModelUnavailable(f"{name} comes from {_show(library)}, which is not a library that is used here")


def _asks_for_code(config: Path) -> bool:
    content = json.loads(config.read_text(encoding="utf-8"))
    return isinstance(content, dict) and "auto_map" in content


def _show(value: object) -> str:
    return repr(value)[:80]
