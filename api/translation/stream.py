"""Follow a job in another system's words: server-sent events, on a connection that takes no thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response

from api.authentication import current_account_id
from api.live.asked import ask_for_stream
from core.errors import TooManyStreams
from core.ids import parse_id
from core.jobs.events.event import JobEvent
from core.jobs.views.job_view import JobView

Translate = Callable[[JobEvent], bytes]


def stream_job(job: JobView, translate: Translate) -> Response:
    """Sends what `translate` makes of each event of the job, from its first one to its `finished`, whose details are the whole job;
    then the connection ends. `translate` is called in a thread of its own, one event after the other, and may read pictures.

    Raises TooManyStreams.
    """
    job_id = parse_id("job", job.id)
    if job_id is None or not ask_for_stream(
        account_id=current_account_id(), job_id=job_id, after=0, translate=translate
    ):
        raise TooManyStreams
    return Response(iter([b": \n\n"]), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def write_event(data: Mapping[str, Any] | str, *, event: str | None = None, event_id: str | int | None = None) -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    lines = [*([f"id: {event_id}"] if event_id is not None else []), *([f"event: {event}"] if event else [])]
    return "\n".join([*lines, *(f"data: {line}" for line in text.split("\n")), "", ""]).encode()
