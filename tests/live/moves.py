"""What a worker does in an attempt, without rendering: it claims, reports steps and images, and ends the job."""

from __future__ import annotations

import time
from uuid import UUID

from core.ids import format_id
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.live_events.sender import get_event_sender
from tests.integration.attempts import claim_one, fail, rendered, succeed
from worker.rendering.attempt.attempt_reports import AttemptReport


class Moves:
    """One attempt."""

    def __init__(self) -> None:
        self.attempt: ClaimedAttempt = claim_one()
        self.report = AttemptReport(self.attempt)
        self.announce()

    @classmethod
    def after_outage(cls) -> Moves:
        """Claim as soon as the sender of this process tries Redis again."""
        time.sleep(2.1)
        return cls()

    def announce(self) -> None:
        """A row has changed."""
        get_event_sender().announce(self.attempt.account_id, self.attempt.job_id)
        assert get_event_sender().flush(2)

    def step(self, number: int) -> None:
        """Reach a step, whenever the last one was."""
        self.report._next_step_at = 0.0
        self.report.reach_step(number)
        assert get_event_sender().flush(2)

    def store(self) -> None:
        """Store the image."""
        self.report.store_image(rendered(self.attempt).images[0])

    def succeed(self) -> None:
        """End the job."""
        assert succeed(self.attempt) == "succeeded"
        self.announce()

    def fail(self) -> None:
        """Fail the attempt, which is worth another one."""
        fail(self.attempt.id)
        self.announce()


def path_of(job_id: UUID, rest: str = "") -> str:
    """The job's address."""
    return f"/v1/jobs/{format_id('job', job_id)}{rest}"
