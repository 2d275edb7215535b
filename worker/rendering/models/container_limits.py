"""The memory and the cores that control groups (of a container, or of systemd) leave to this process: both versions of them.

Linux' documentation: admin-guide/cgroup-v2 (memory.max, memory.current, cpu.max), admin-guide/cgroup-v1/memory and
scheduler/sched-bwc (memory.limit_in_bytes, memory.usage_in_bytes, cpu.cfs_quota_us).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")


def read_memory_left(root: Path = _ROOT) -> int | None:
    """The bytes that the tightest limit leaves; None without a limit. Files that the kernel can drop count as free."""
    left = [
        max(0, limit - used + droppable)
        for folder in _list_groups(root, "memory")
        for names in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        )
        if (limit := _read_number(folder / names[0])) is not None
        and (used := _read_number(folder / names[1])) is not None
        and (droppable := _read_entry(folder / "memory.stat", names[2])) is not None
    ]
    return min(left, default=None)


def read_core_limit(root: Path = _ROOT) -> int | None:
    """The cores that the tightest quota amounts to, rounded up; None without a quota."""
    shares = [share for folder in _list_groups(root, "cpu") if (share := _read_share(folder)) is not None]
    return max(1, math.ceil(min(shares))) if shares else None


def _list_groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups that this process is in, innermost first: the limits of all of them hold."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            tops = [mounts, mounts / "unified"]
        elif controller in controllers.split(","):
            tops = [mounts / controllers, mounts / controller]
        else:
            continue
        for top in tops:
            # Without a namespace of its own, a container sees the machine's path, but only its own group's folder: as top.
            inner = top / path.lstrip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top) and folder.is_dir())


def _read_share(group: Path) -> float | None:
    try:
        quota, period = (group / "cpu.max").read_text().split()
    except (OSError, ValueError):
        of_version_1 = _read_number(group / "cpu.cfs_quota_us"), _read_number(group / "cpu.cfs_period_us")
        quota, period = (str(number) for number in of_version_1)
    if not (quota.isdigit() and period.isdigit()):  # "max", "-1", or no such file
        return None
    return int(quota) / int(period)


def _read_number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _read_entry(file: Path, name: str) -> int | None:
    try:
        entry = re.search(rf"^{name} (\d+)$", file.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(entry[1]) if entry else 0
