"""The folder that holds everything a stack writes, used by one stack at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PREFIX = "darkroom-"

#: A younger folder may not be locked yet.
_ABANDONED_AFTER_SECONDS = 600


class DataFolderInUse(Exception):
    """Another stack uses this data folder."""


class DataFolder:
    """A data folder, locked from `open` to `close`. Without a path it is a new one, deleted at the end."""

    def __init__(self, path: Path | None) -> None:
        self.is_kept = path is not None
        self.path = path.absolute() if path else Path(tempfile.gettempdir())
        self._lock_file: int | None = None

    def open(self) -> None:
        """Make the folder if needed and lock it. Raises DataFolderInUse if another stack uses it."""
        if self.is_kept:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            _delete_abandoned()
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))

        # The kernel drops the lock when the process that holds it ends, in whatever way.
        self._lock_file = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._lock_file, 20, 0).decode() or "unknown"
            os.close(self._lock_file)
            self._lock_file = None
            raise DataFolderInUse(
                f"another stack (process {owner}) runs on {self.path}: stop it, or choose another folder with --data"
            ) from None

        os.truncate(self._lock_file, 0)
        os.pwrite(self._lock_file, str(os.getpid()).encode(), 0)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def close(self) -> None:
        """Unlock the folder; delete it if it is a temporary one."""
        if self._lock_file is not None:
            if not self.is_kept:
                shutil.rmtree(self.path)
            os.close(self._lock_file)
            self._lock_file = None

    @property
    def logs(self) -> Path:
        """The folder of the parts' log files."""
        return self.path / "logs"

    def open_log(self, name: str) -> Path:
        """The path of a part's new, empty log; the log of the previous start is renamed to `NAME.previous.log`."""
        log_path = self.logs / f"{name}.log"
        if log_path.exists():
            log_path.replace(self.logs / f"{name}.previous.log")
        log_path.touch()
        return log_path


def _delete_abandoned() -> None:
    """Delete this user's temporary folders whose stacks were killed before they could do so."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/lock"):
        with suppress(FileNotFoundError, PermissionError):
            status = lock.lstat()
            is_old = time.time() - status.st_mtime > _ABANDONED_AFTER_SECONDS
            if is_old and stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not _is_locked(lock):
                shutil.rmtree(lock.parent)


def _is_locked(path: Path) -> bool:
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
