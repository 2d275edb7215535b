"""The latest checkpoint of each job, for attempts that come later."""

from __future__ import annotations

import threading
from collections import OrderedDict
from uuid import UUID

#: Of all checkpoints together: hundreds of pictures of the usual sizes.
_MOST_BYTES = 64 * 1024 * 1024


class LatestCheckpoints:
    """In the memory of one process: what an attempt leaves, the job's next attempt finds, if it comes to this worker."""

    def __init__(self, *, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[UUID, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, job_id: UUID, content: bytes) -> None:
        """Instead of the job's earlier one. Where the room is used up, what was put first goes."""
        with self._lock:
            self._take(job_id)
            self._kept[job_id] = content
            self._bytes += len(content)
            while self._bytes > self._most_bytes:
                self._take(next(iter(self._kept)))

    def take(self, job_id: UUID) -> bytes | None:
        """The job's latest, which is then no longer here."""
        with self._lock:
            return self._take(job_id)

    def _take(self, job_id: UUID) -> bytes | None:
        content = self._kept.pop(job_id, None)
        self._bytes -= len(content or b"")
        return content
