"""The peak of a process's memory, as Linux counts it."""

from __future__ import annotations

import ctypes
from pathlib import Path


class ProcessMemory:
    """The memory of a process of this user; without a number, of this one."""

    def __init__(self, pid: int | None = None) -> None:
        self._folder = Path("/proc") / ("self" if pid is None else str(pid))

    def reset_peak(self) -> None:
        """From here on the peak is counted anew."""
        (self._folder / "clear_refs").write_text("5", encoding="ascii")

    def read_peak(self) -> int:
        """The most memory that was resident since then, in bytes."""
        return self._read("VmHWM")

    def read_resident(self) -> int:
        """What is resident now, in bytes."""
        return self._read("VmRSS")

    def _read(self, name: str) -> int:
        for line in (self._folder / "status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise LookupError(f"{self._folder}/status has no {name}")


def return_freed() -> None:
    """Return what the C library has kept of this process's freed memory."""
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
