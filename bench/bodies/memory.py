"""The peak of this process's memory, as Linux counts it."""

from __future__ import annotations

import ctypes
from pathlib import Path


def reset_peak() -> None:
    """From here on the peak is counted anew, without what the C library has kept of freed memory."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def read_peak() -> int:
    """The most memory that was resident since then, in bytes."""
    return _read("VmHWM")


def read_resident() -> int:
    """What is resident now, in bytes."""
    return _read("VmRSS")


def _read(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"/proc/self/status has no {name}")
