"""The machine of a run: no figure means anything without it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

_RENDERING = ("torch", "diffusers", "transformers", "pillow", "litserve", "bentoml", "intel-openmp")


def describe_machine(libraries: Sequence[str] = _RENDERING) -> dict[str, str]:
    """Processor, cores, memory, load, and the versions of those libraries that are installed."""
    described = {
        "processor": _read_processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load before the run": f"{os.getloadavg()[0]:.2f}",
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    for library in libraries:
        try:
            described[library] = version(library)
        except PackageNotFoundError:
            continue
    return described


def _read_processor() -> str:
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        for line in cpu_info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
