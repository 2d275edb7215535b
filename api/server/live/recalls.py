"""Who waits for a request that is handed over to the account."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from core.jobs.events.event import JobEvent
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
