"""Run each part in a process of its own: one that fails, dies or hangs stops no other, and cannot make the check hang."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.gpu_check.child import Message, run_in_child
from bench.gpu_check.findings import Finding, Outcome
from bench.gpu_check.plan import Part
from bench.gpu_check.setting import Setting

#: A part plans with this share of its limit.
_PLANNED = 0.8

#: A part with less than this left is not started.
_SHORTEST_SECONDS = 5.0

#: The end of a failed part's output that goes on the page, in lines.
_LOG_LINES = 25

#: Each process is forked by a server that has imported torch and has touched no device.
_CONTEXT = get_context("forkserver")


def preload() -> None:
    """Import what the parts need once, in the server that forks their processes, before the time of the first one counts."""
    _CONTEXT.set_forkserver_preload(["bench.gpu_check.models", "bench.gpu_check.drawing"])
    process = _CONTEXT.Process(target=_do_nothing)
    process.start()
    process.join()


def _do_nothing() -> None:
    """The server answers when it has imported everything."""


def run_parts(
    parts: Sequence[Part], setting: Setting, *, limit_seconds: float, logs: Path, say: Callable[[str], None]
) -> Iterator[Outcome]:
    """The outcome of each part, in order, as soon as it has ended. What they print goes to files in `logs`."""
    ends_at = time.monotonic() + limit_seconds
    for part in parts:
        seconds = min(part.limit_seconds, ends_at - time.monotonic())
        if seconds < _SHORTEST_SECONDS:
            outcome = Outcome(part.name, part.title, 0.0, (), failure="not run: the time of the check was used up")
        else:
            outcome = _run_part(part, setting, seconds, logs / f"{part.name}.log")
        say(
            f"{part.name}: {outcome.verdict}, {outcome.seconds:.0f} s"
            + (f": {outcome.failure}" if outcome.failure else "")
        )
        yield outcome


def _run_part(part: Part, setting: Setting, seconds: float, log: Path) -> Outcome:
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    planned = replace(setting, seconds=seconds * _PLANNED)
    process = _CONTEXT.Process(target=run_in_child, args=(part.run, planned, sender, log, seconds))
    started = time.monotonic()
    process.start()
    sender.close()
    try:
        findings, failure = _listen(receiver, process, started + seconds)
    finally:
        _end(process)
        receiver.close()
    printed = log.read_text(errors="replace").splitlines() if failure is not None and log.exists() else []
    return Outcome(
        part.name,
        part.title,
        time.monotonic() - started,
        tuple(findings),
        failure,
        "\n".join(printed[-_LOG_LINES:]),
    )


def _listen(receiver: Connection, process: Any, ends_at: float) -> tuple[list[Finding], str | None]:
    """The findings until the part has ended, and why it did not come to its end."""
    findings: list[Finding] = []
    while receiver.poll(max(0.0, ends_at - time.monotonic())):
        try:
            message: Message = receiver.recv()
        except EOFError:
            process.join(_SHORTEST_SECONDS)
            return findings, f"its process ended with {process.exitcode}"
        if isinstance(message, Finding):
            findings.append(message)
        else:
            return findings, message
    return findings, "did not end in its time"


def _end(process: Any) -> None:
    # The process leads a group of its own, with all processes that it has started.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        process.kill()
    # A process that the driver keeps from ending is left behind.
    process.join(_SHORTEST_SECONDS)
