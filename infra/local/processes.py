"""Facts about processes that are not our direct children, from Linux's /proc."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def list_descendants(pid: int) -> list[int]:
    """The children of a process, their children and so on, parents first."""
    children: dict[int, list[int]] = {}
    for process in _list_processes():
        children.setdefault(_get_parent(process), []).append(process)

    found = [pid]
    for process in found:
        found.extend(children.get(process, ()))
    return found[1:]


def list_processes_in(folder: Path, program: str) -> list[int]:
    """The processes of this program whose working directory is this folder."""
    return [
        process
        for process in _list_processes()
        if find_working_directory(process) == folder.resolve() and _get_program(process) == program
    ]


def find_working_directory(pid: int) -> Path | None:
    """The working directory of a process; None if there is no such process, or we may not read it."""
    with suppress(OSError):
        return (_PROC / str(pid) / "cwd").readlink()
    return None


def _list_processes() -> list[int]:
    return [int(entry.name) for entry in _PROC.glob("[0-9]*")]


def _get_program(pid: int) -> str:
    """The name of the program that a process runs, or an empty one if it has ended."""
    with suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text().strip()
    return ""


def _get_parent(pid: int) -> int:
    """The parent's id, or 0 if the process has ended."""
    with suppress(OSError):
        # `pid (name) state parent …`, where the name may hold spaces and brackets.
        return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    return 0
