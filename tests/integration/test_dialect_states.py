"""One job, seen by every client: whichever sent it, each dialect has the right word for where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from api.translation.registered import NAMES
from core.database import transaction
from core.ids import format_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_failure
from tests.integration.attempts import cancel, claim_one, end_overdue, pass_deadline
from tests.integration.conftest import Submit

#: By dialect: how a job is read there, and where its state is in the answer (a name of a field; None: the status of the answer).
READS: dict[str, tuple[str, str, str | None]] = {
    "a1111": ("POST", "/a1111/internal/progress", "status"),
    "fal": ("GET", "/fal/darkroom/picturebook/requests/{id}/status", "status"),
    "huggingface": ("GET", "/huggingface/models/picturebook/jobs/{id}", None),
    "openai": ("GET", "/openai/v1/images/generations/{id}", "status"),
    "replicate": ("GET", "/replicate/v1/predictions/{id}", "status"),
    "runpod": ("GET", "/runpod/v2/picturebook/status/{id}", "status"),
}

#: By state of ours, the word of each dialect.
WORDS: dict[str, dict[str, Any]] = {
    "queued": {
        "a1111": "queued",
        "fal": "IN_QUEUE",
        "huggingface": 503,
        "openai": "queued",
        "replicate": "starting",
        "runpod": "IN_QUEUE",
    },
    "running": {
        "a1111": "running",
        "fal": "IN_PROGRESS",
        "huggingface": 503,
        "openai": "in_progress",
        "replicate": "processing",
        "runpod": "IN_PROGRESS",
    },
    "cancelled": {
        "a1111": "cancelled",
        "fal": "COMPLETED",
        "huggingface": 409,
        "openai": "cancelled",
        "replicate": "canceled",
        "runpod": "CANCELLED",
    },
    "blocked": {
        "a1111": "failed",
        "fal": "COMPLETED",
        "huggingface": 400,
        "openai": "failed",
        "replicate": "failed",
        "runpod": "FAILED",
    },
    "expired": {
        "a1111": "failed",
        "fal": "COMPLETED",
        "huggingface": 504,
        "openai": "expired",
        "replicate": "canceled",
        "runpod": "TIMED_OUT",
    },
}


def wait(_account_id: UUID, _job_id: UUID) -> None:
    """It stays where it is."""


def run(_account_id: UUID, _job_id: UUID) -> None:
    claim_one()


def block(_account_id: UUID, _job_id: UUID) -> None:
    attempt = claim_one()
    with transaction() as session:
        record_failure(
            session, attempt_id=attempt.id, failure=Failure(FailureCode.CONTENT_FILTERED, "all were withheld")
        )


def expire(_account_id: UUID, job_id: UUID) -> None:
    pass_deadline(job_id, of_the_start=True)
    assert end_overdue() == {job_id}


MOVES: dict[str, Callable[[UUID, UUID], None]] = {
    "queued": wait,
    "running": run,
    "cancelled": cancel,
    "blocked": block,
    "expired": expire,
}


@pytest.mark.parametrize("state", WORDS)
def test_every_dialect_has_the_word(
    client: FlaskClient, api_key: str, account_id: UUID, submit: Submit, state: str
) -> None:
    """Of one job, which came another way."""
    job_id = submit(account_id, start_deadline_seconds=60)
    MOVES[state](account_id, job_id)
    id_ = format_id("job", job_id)
    shown: dict[str, Any] = {}
    for name in (name for name in NAMES if name in READS):
        method, path, field = READS[name]
        body = {"id_task": id_} if method == "POST" else None
        headers = {"Authorization": f"Bearer {api_key}"}
        answer = client.open(path.format(id=id_), method=method, json=body, headers=headers)
        shown[name] = answer.status_code if field is None else answer.get_json()[field]
    assert shown == {name: WORDS[state][name] for name in shown}


def test_every_dialect_of_jobs_is_read() -> None:
    """MCP has tools instead of states."""
    assert {*NAMES} - {"mcp"} <= {*READS}
