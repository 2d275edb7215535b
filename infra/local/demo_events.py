"""Follow a job of the demo by its events, and show them as they come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

#: The API sends something every 10 s.
_SILENCE_SECONDS = 30

#: What an event shows beside its type.
_SHOWN = {
    "position": "{position} jobs before it",
    "started": "attempt {attempt}",
    "preview": "{url}",
    "output": "image {position}: {width} x {height}, {byte_size} bytes",
    "retrying": "attempt {attempt} has ended: {reason}",
    "finished": "{status}",
}


def follow(client: httpx2.Client, job: dict[str, Any], console: Console, *, seconds: float) -> dict[str, Any] | None:
    """Show what happens to the job until it has ended, and return it as it is then; None if it has not ended after `seconds`."""
    until = time.monotonic() + seconds
    columns = (TextColumn("step     "), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"))
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("step", total=job["progress"]["steps"])
        for event in _read_events(client, job, until):
            if event["type"] == "step":
                progress.update(bar, completed=event["step"])
                continue
            shown = _SHOWN.get(event["type"], "").format_map(event)
            progress.console.print(f"{event['type']:<9} {shown}", markup=False, soft_wrap=True)
            if event["type"] == "finished":
                return event
    return None


def _read_events(client: httpx2.Client, job: dict[str, Any], until: float) -> Iterator[dict[str, Any]]:
    last = "0"
    while time.monotonic() < until:
        headers = {"Last-Event-ID": last}
        try:
            with client.stream(
                "GET", f"/v1/jobs/{job['id']}/events", headers=headers, timeout=_SILENCE_SECONDS
            ) as stream:
                stream.raise_for_status()
                for line in stream.iter_lines():
                    if time.monotonic() > until:
                        return
                    name, _, value = line.partition(": ")
                    if name == "id":
                        last = value
                    elif name == "data":
                        yield json.loads(value)
        except httpx2.TransportError:
            # The next process resumes where this one was.
            time.sleep(1)
