"""Report what happens inside attempts to those who watch their jobs. No job waits for it, and none depends on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from core.artifacts.outputs import StoredImage
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.live_events.message import Progress, ProgressType
from core.live_events.numbers import number_in_attempt
from core.live_events.sender import get_event_sender
from core.previews import store_preview

#: Seconds between two steps of a job that are reported; those in between are left out.
_STEP_SECONDS = 0.05


class AttemptReport:
    """What one attempt reports. Its numbers grow, and count from the claim by the clock of this process, so the clocks of other
    machines do not matter.
    """

    def __init__(self, attempt: ClaimedAttempt) -> None:
        self._attempt = attempt
        self._claimed_at = time.monotonic()
        self._lock = threading.Lock()
        self._last_number = 0
        self._last_step = 0
        self._next_step_at = 0.0

    def reach_step(self, step: int) -> None:
        """A step of the attempt's is done."""
        now = time.monotonic()
        steps = self._attempt.steps
        if step == self._last_step or (now < self._next_step_at and step < steps):
            return
        self._last_step, self._next_step_at = step, now + _STEP_SECONDS
        self._send("step", {"step": step, "steps": steps})

    def show_preview(self) -> None:
        """There is a new preview."""
        self._send("preview", {})

    def store_image(self, image: StoredImage) -> None:
        """An image lies in the bucket."""
        of_a_file = {name: value for name, value in vars(image).items() if name != "storage_key"}
        self._send("output", of_a_file | {"extension": image.storage_key.rpartition(".")[2]})

    def _send(self, type_: ProgressType, details: dict[str, Any]) -> None:
        attempt = self._attempt
        with self._lock:
            number = number_in_attempt(attempt.started_at, time.monotonic() - self._claimed_at)
            self._last_number = number = max(number, self._last_number + 1)
            progress = Progress(number, type_, attempt.attempt_number, details)
            get_event_sender().report(attempt.account_id, attempt.job_id, progress)


class AttemptReports:
    """The reports of the attempts that run in this process."""

    def __init__(self) -> None:
        self._open: dict[UUID, AttemptReport] = {}

    @contextmanager
    def reporting(self, attempt: ClaimedAttempt) -> Iterator[AttemptReport]:
        """Report what happens during the block."""
        self._open[attempt.job_id] = report = AttemptReport(attempt)
        try:
            yield report
        finally:
            self._open.pop(attempt.job_id, None)

    def publish_preview(self, job_id: UUID, picture: bytes) -> None:
        """Keep the newest preview of a job (a WebP file), and report it."""
        store_preview(job_id, picture)
        report = self._open.get(job_id)
        if report is not None:
            report.show_preview()
