"""What the program needs of the machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

#: Bytes: root folders, wheels, two releases of both images, what the build caches.
_DISK = 14_000_000_000

#: Bytes: the build of the worker image, and the deployment with two workers.
_MEMORY = 4_000_000_000

_PROGRAMS = {
    "debootstrap": "debootstrap",
    "slirp4netns": "slirp4netns",
    "unshare": "util-linux",
    "mount": "util-linux",
    "git": "git",
}


def find_missing(folder: Path) -> str | None:
    """One line that says what is missing here, or None."""
    if os.geteuid() != 0:
        return "it needs root, for namespaces, mounts and root folders"
    if packages := sorted({package for program, package in _PROGRAMS.items() if shutil.which(program) is None}):
        return f"it needs programs of Debian: apt-get install {' '.join(packages)}"
    folder.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(folder).free) < _DISK:
        return f"it needs {_DISK / 1e9:.0f} GB free at {folder}, where {free / 1e9:.0f} GB are: name another --folder"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if memory < _MEMORY:
        return f"it needs {_MEMORY / 1e9:.0f} GB of memory, and here are {memory / 1e9:.0f}"
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        return "it needs overlayfs in the kernel: modprobe overlay"
    return None
