"""sha256 of weights files, computed once for each state of a file."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class _Seen:
    """Identifies a file as it was when it was read."""

    path: Path
    modified_ns: int
    byte_size: int


@dataclass
class FileDigests:
    """Remembers digests by path, time of change and size, so that a model that is loaded again is not read twice."""

    _known: dict[_Seen, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sha256(self, path: Path) -> str:
        """The file's sha256 in hexadecimal. Reads the file only if it has changed since the last call."""
        stat = path.stat()
        seen = _Seen(path, stat.st_mtime_ns, stat.st_size)
        with self._lock:
            known = self._known.get(seen)
        if known is not None:
            return known
        digest = _hash_file(path)
        with self._lock:
            self._known[seen] = digest
        return digest


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
