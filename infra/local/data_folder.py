"""The folder that holds everything a stack writes, used by one stack at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path


class DataFolderInUse(Exception):
    """Another stack runs on this data folder."""


class DataFolder:
    """A data folder, locked from `open` to `close`. Without a path it is a new one, deleted at the end."""

    def __init__(self, path: Path | None) -> None:
        self.is_kept = path is not None
        self.path = path.absolute() if path else Path(tempfile.gettempdir(), "darkroom-not-open")
        self._lock_file: int | None = None

    def open(self) -> None:
        """Make the folder if needed and lock it. Raises DataFolderInUse if another stack has it."""
        if self.is_kept:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            self.path = Path(tempfile.mkdtemp(prefix="darkroom-"))

        # The kernel drops the lock with the process that holds it, however that ends.
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
        """Unlock the folder; delete it if it was made for this once."""
        if self._lock_file is not None:
            if not self.is_kept:
                shutil.rmtree(self.path)
            os.close(self._lock_file)
            self._lock_file = None

    @property
    def logs(self) -> Path:
        """Where each part's log file is."""
        return self.path / "logs"

    def open_log(self, name: str) -> Path:
        """The path of a part's log; the log of the start before is set aside as `NAME.previous.log`."""
        log_path = self.logs / f"{name}.log"
        if log_path.exists():
            log_path.replace(self.logs / f"{name}.previous.log")
        log_path.touch()
        return log_path
