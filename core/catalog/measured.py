"""What the engine does with each pipeline class, as it was measured: read from a file that `python -m bench.families` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MEASURED_PATH = Path(__file__).with_name("measured_families.json")


@dataclass(frozen=True)
class MeasuredClass:
    """How a class draws, with a tiny model on a CPU."""

    #: Jobs share forwards.
    is_batched: bool
    #: `supported`, or why a render cannot be resumed.
    resume: str
    has_preview: bool
    #: Whether one job can draw several images.
    draws_several: bool
    #: Between a job that shares forwards and the same job alone, as a part of the range of latents and pixels.
    largest_difference: float
    #: Which kind of schedulers its models may have: `noise`, `flow`, `lcm`, or `own` alone; None in rows that do not say.
    schedulers: str | None = None


def find_measured(class_name: str, task: str) -> MeasuredClass | None:
    """How the class does the task; None if that has not been measured."""
    # A class paints around a picture as it paints inside one.
    row = _read_file().get(class_name, {}).get("inpainting" if task == "outpaint" else task)
    return None if row is None else MeasuredClass(**row)


def write_measured(rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep these rows; those of other classes and tasks stay."""
    kept: dict[str, dict[str, dict[str, Any]]] = json.loads(MEASURED_PATH.read_text(encoding="utf-8"))
    for row in rows:
        kept.setdefault(row["class_name"], {})[row["task"]] = {
            "is_batched": row["is_batched"],
            "resume": row["resume"],
            "has_preview": row["has_preview"],
            "draws_several": row["several_images_difference"] is not None,
            "largest_difference": float(f"{row['largest_difference']:.1e}"),
            "schedulers": row["schedulers"],
        }
    lines = [f"{json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept)]
    MEASURED_PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    _read_file.cache_clear()


@cache
def _read_file() -> dict[str, dict[str, dict[str, Any]]]:
    content: dict[str, dict[str, dict[str, Any]]] = json.loads(MEASURED_PATH.read_text(encoding="utf-8"))
    return content
