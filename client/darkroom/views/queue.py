"""The account's queue."""

from __future__ import annotations

from datetime import datetime

from darkroom.views.view import View


class QueueState(View):
    """The account's queue as it stands."""

    #: Whether none of the account's jobs starts.
    paused: bool
    paused_at: datetime | None = None
    #: Whether the pause puts jobs back that run; otherwise they end.
    puts_back_running: bool
    #: The account's jobs that wait, counted up to 10,000.
    queued: int
    #: The account's jobs that run, counted up to 10,000.
    running: int
