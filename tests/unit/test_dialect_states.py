"""Every state of a job, and every failure, has words in every dialect."""

from __future__ import annotations

from api.dialects.a1111 import states as a1111
from api.dialects.openai import states as openai
from core.jobs.status import JobStatus


def test_every_status_has_words() -> None:
    """A job that another client sent is shown in whatever state it is."""
    for table in (openai.STATUS, a1111.TASK):
        assert {*table} == {*JobStatus}
