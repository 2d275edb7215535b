"""Who waits for a request that is handed over to the account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import UUID

from core.errors import RecallUnavailable
from core.jobs.events.event import JobEvent
from core.recall.kept_recalls import find_recall
from core.recall.recall import RECALL_ID, Recall


class RecallWait:
    """Waits for the account's next recall."""

    needs_job = needs_place = needs_history = False

    def __init__(self, resume: Callable[[int | None], None], *, account_id: UUID, after: int) -> None:
        self.job_id: UUID | None = RECALL_ID
        self.account_id = account_id
        self.after = after
        self._resume = resume

    def offer(self, event: JobEvent | Recall) -> None:
        if isinstance(event, Recall) and event.number > self.after:
            self._resume(None)

    def offer_place(self, job_id: UUID, position: int) -> None:
        """Jobs do not matter."""

    def end(self) -> None:
        """It has no job that could end."""


def find_recalls(account_ids: Iterable[UUID], show: Callable[[Recall], None]) -> None:
    """Calls `show` with what may have been handed over to these accounts while nobody heard it, in a thread of its own."""

    def find() -> None:
        with suppress(RecallUnavailable):
            for recall in filter(None, map(find_recall, account_ids)):
                show(recall)

    threading.Thread(target=find, name="finds-recalls", daemon=True).start()
