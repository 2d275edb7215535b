"""Saves and finds a training stage's state, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Writes beside the old checkpoint, then replaces it: a stop at any moment leaves one that loads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    torch.save(state, aside)
    aside.replace(path)


def find_checkpoint(path: Path) -> dict[str, Any] | None:
    """The state saved last, or None before the first save."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
