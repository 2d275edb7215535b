"""The blueprint of the account's queue, and how it is shown."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.jobs.own_queue.pause_account import AccountsQueue

queue_blueprint = build_blueprint("queue", "queue", "Pause and resume the account's own jobs.")


class QueueStateView(BaseModel):
    """The account's queue as it stands."""

    paused: bool = Field(description="Whether none of the account's jobs starts.")
    paused_at: datetime | None
    puts_back_running: bool = Field(description="Whether the pause puts jobs back that run; otherwise they end.")
    queued: int = Field(description="The account's jobs that wait, counted up to 10,000.")
    running: int = Field(description="The account's jobs that run, counted up to 10,000.")

    @classmethod
    def build(cls, queue: AccountsQueue) -> QueueStateView:
        """The answer that shows the queue."""
        return cls(paused=queue.paused_at is not None, **queue._asdict())
