"""The OpenMP that a system runs on: torch's own libgomp, or Intel's, which replaces it if it is preloaded."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Literal

OpenMP = Literal["libgomp", "libiomp5"]


def build_environment(openmp: OpenMP, *, threads: int) -> dict[str, str]:
    """The environment variables that select it. Raises RuntimeError for libiomp5 if intel-openmp is not installed."""
    environment = {"OMP_NUM_THREADS": str(threads)}
    if openmp == "libiomp5":
        # Waiting threads sleep after a millisecond: spinning longer takes the core from threads that have work.
        environment |= {"LD_PRELOAD": _get_libiomp5(), "KMP_BLOCKTIME": "1"}
    return environment


def _get_libiomp5() -> str:
    try:
        installed = files("intel-openmp") or []
    except PackageNotFoundError as error:
        raise RuntimeError("intel-openmp is not installed: run this with `make bench`") from error
    for file in installed:
        if file.name == "libiomp5.so":
            return str(Path(file.locate()).resolve())
    raise RuntimeError("this intel-openmp has no libiomp5.so")
