"""The short way of a success: one look at the running jobs, and one statement that writes all of them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection

from core.jobs.outcomes.rendered import Rendered
from core.jobs.outcomes.running_snapshot import read_running
from core.jobs.outcomes.write_successes import write_successes


def record_successes_in_one_statement(connection: Connection, successes: Mapping[UUID, Rendered]) -> set[UUID]:
    """Writes the successes that need no decision, and returns their attempt ids. Leaves the others untouched: then
    `record_success_step_by_step` decides.

    No row stays locked for a worker to come back to, and no row is waited for.
    """
    running = [one for one in read_running(connection, successes) if not one.others_are_held]
    if not running:
        return set()
    return write_successes(connection, [(one, successes[one.attempt_id]) for one in running], locked_rows="skip")
