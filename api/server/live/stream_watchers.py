"""What a stream is to be sent: the watcher that writes it."""

from __future__ import annotations

from collections.abc import Callable

from api.live.asked import StreamAsked
from api.server.live.sweeps import SweepStream, SweepWatcher
from api.server.live.translated import TranslatedStream
from api.server.live.watchers import AccountStream, JobStream, Output, Watcher

#: Number (microseconds) by which a stream of an account starts earlier than where its reader was: rows become visible a moment
#: after their times.
OVERLAP = 3_000_000


def build_stream_watcher(
    asked: StreamAsked, output: Output, do: Callable[[Callable[[], None]], None]
) -> Watcher | SweepWatcher:
    """Watches the sweep, the job, or all jobs of the account, and writes what happens. `do` has a function called in the thread of
    the connections.
    """
    if asked.sweep_id is not None:
        return SweepStream(output, sweep_id=asked.sweep_id, after=asked.after)
    if asked.job_id is None:
        wanted_after = asked.after - OVERLAP
        return AccountStream(output, account_id=asked.account_id, after=asked.after, wanted_after=wanted_after)
    if asked.translate is None:
        return JobStream(output, account_id=asked.account_id, job_id=asked.job_id, after=asked.after)
    return TranslatedStream(
        output, asked.translate, do, account_id=asked.account_id, job_id=asked.job_id, limit=asked.limit
    )
