"""What the life of a job costs in statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import event

from core.catalog import get_catalog
from core.database import get_engine, transaction
from core.jobs.build_view import build_job_view
from core.jobs.request import RenderRequest
from core.jobs.submit import submit_job
from core.jobs.tables import Job
from core.settings import get_settings
from tests.integration.conftest import Submit


def test_a_submit_reads_no_job(account_id: UUID, submit: Submit) -> None:
    """What the database worked out for the new row comes back with the insert."""
    with _statements() as statements:
        submit(account_id)

    assert any("INSERT INTO jobs" in one for one in statements)
    assert not [one for one in statements if re.match(r"SELECT jobs\.id, jobs\.account_id", one)]


def test_what_came_back_with_the_write_is_what_is_stored(account_id: UUID) -> None:
    """The view that a submit answers with is the one that a read gives a moment later."""
    request = RenderRequest(prompt="a red mug", metadata={"b": "1", "a": "2"}, guidance_scale=4)
    with transaction() as session:
        submitted = submit_job(
            session,
            request,
            account_id=account_id,
            request_id="req_test",
            idempotency_key=None,
            catalog=get_catalog(),
            settings=get_settings(),
        )
        answered = build_job_view(session, submitted.job).model_dump_json()
    with transaction() as session:
        read = build_job_view(session, session.get_one(Job, submitted.job.id)).model_dump_json()

    assert answered == read


@contextmanager
def _statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(get_engine(), "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(get_engine(), "before_cursor_execute", note)
