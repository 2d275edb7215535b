"""Compare files on this machine with the lock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from core.catalog.lock import LockedFile, LockedSource

_CHUNK_BYTES = 1024 * 1024


def list_faults(folder: Path, locked: LockedSource) -> dict[str, str]:
    """What is wrong, by the name of each file that is missing or is not what the lock says. Empty if all are right."""
    faults = {}
    for name, file in locked.files.items():
        try:
            _, fault = check_file(folder / name, file)
        except FileNotFoundError:
            fault = "is missing"
        if fault is not None:
            faults[name] = fault
    return faults


def check_file(
    path: Path, file: LockedFile, *, on_bytes: Callable[[int], None] = lambda _: None
) -> tuple[str, str | None]:
    """The file's sha256, and what is wrong with it, if anything. Raises FileNotFoundError."""
    byte_size = path.stat().st_size
    sha256 = hashlib.sha256()
    # git's name of a file is the sha1 of its size and its content. It is no protection against the hub itself.
    git_blob = hashlib.sha1(b"blob %d\0" % byte_size, usedforsecurity=False)
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            sha256.update(chunk)
            if file.sha256 is None:
                git_blob.update(chunk)
            on_bytes(len(chunk))
    digest = sha256.hexdigest()
    if byte_size != file.byte_size:
        return digest, f"has {byte_size} bytes instead of {file.byte_size}"
    if file.sha256 is not None and digest != file.sha256:
        return digest, f"has the sha256 {digest} instead of {file.sha256}"
    if file.sha256 is None and file.git_blob is not None and git_blob.hexdigest() != file.git_blob:
        return digest, f"is not git's object {file.git_blob}"
    return digest, None
