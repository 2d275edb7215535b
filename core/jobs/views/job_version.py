"""The version of a job's view: what an ETag is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from core.artifacts.storage import name_link_period
from core.jobs.queue.outlook import find_outlook_alone
from core.jobs.status import FINISHED
from core.jobs.views.job_row import JobRow
from core.jobs.views.queue_view import name_place


def name_version(rows: Iterable[JobRow], *others: object) -> str:
    """Returns 32 hexadecimal digits that change with everything that the views of these jobs show, and without building them:
    the transaction that wrote each row last, the step of its attempt, its place in the queue and why it waits, and which of
    its images are gone. `others` is what else the answer holds.

    An estimate of the end that has changed alone is no new version: it does with every second.

    Download addresses differ in every answer, and are no new version. But a version with links is over when a quarter of
    their time is: a client that is answered 304 has links that work for another three quarters, or more.
    """
    parts: list[object] = [*others]
    has_images = False
    for row in rows:
        parts += (row.id, row.row_version, row.attempt_step, row.attempt_steps, row.inputs_json, row.outputs_json)
        has_images = has_images or row.inputs_json is not None or row.outputs_json is not None
        if row.status not in FINISHED:
            parts.append(name_place(row, row.attempt, find_outlook_alone))
    if has_images:
        parts.append(name_link_period())
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
