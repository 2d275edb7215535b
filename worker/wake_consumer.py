"""Fetch the next message as soon as a thread is free.

With prefetching off (which leaves rings to idle workers) Celery asks Redis for a message only while a thread is free. It
notices that a thread became free only when its event loop turns: once a second if nothing else happens.
"""

from __future__ import annotations

from celery.signals import task_postrun
from kombu.asynchronous import get_event_loop

#: Seconds to wait after the signal, which comes while the task still counts as running.
_SETTLE_SECONDS = 0.005


def wake_consumer_after_tasks() -> None:
    """Turn the event loop of this process after every task. Call once, before the worker starts."""
    task_postrun.connect(_wake, weak=False)


def _wake(**_: object) -> None:
    hub = get_event_loop()
    if hub is not None:
        # From a task's thread only call_soon is safe; it turns the loop, which then sets the timer that turns it again.
        hub.call_soon(hub.call_later, _SETTLE_SECONDS, _turn)


def _turn() -> None:
    """Nothing to do: the loop has turned."""
