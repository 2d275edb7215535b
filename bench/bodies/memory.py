"""The memory of a process, read from Linux."""

from __future__ import annotations

from pathlib import Path


def reset_peak() -> None:
    """From here on the peak of this process's memory is counted anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def read_peak() -> int:
    """The most memory that this process has had resident, in bytes."""
    return _read("self", "VmHWM")


def read_resident(process_id: int | str = "self") -> int:
    """What a process has resident now, in bytes."""
    return _read(process_id, "VmRSS")


def _read(process_id: int | str, name: str) -> int:
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"/proc/{process_id}/status has no {name}")
