"""Sections of a models file for tiny models."""

from __future__ import annotations

import json
from typing import Any

_USUAL: dict[str, Any] = {
    "revision": "1",
    "licence": "Apache-2.0",
    "commercial_use": True,
    "default_width": 64,
    "default_height": 64,
    "max_width": 128,
    "max_height": 128,
    "default_steps": 5,
    "max_steps": 20,
    "schedulers": ["own"],
    "default_scheduler": "own",
}


def write_section(model_id: str, source: str, **fields: Any) -> str:
    """The section of a model in a folder beside the file. `fields` replace or extend the usual ones."""
    values = {"source": source, **_USUAL, **fields}
    lines = [f"{name} = {_write(value)}\n" for name, value in values.items()]
    return f'\n[models."{model_id}"]\n{"".join(lines)}'


def _write(value: Any) -> str:
    """The value as TOML: strings, numbers, booleans and lists of them look the same in JSON."""
    if not isinstance(value, dict):
        return json.dumps(value)
    return "{ " + ", ".join(f"{json.dumps(name)} = {_write(each)}" for name, each in value.items()) + " }"
