"""One job, seen by every client: whichever sent it, each dialect has the right word for where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from api.live.asked import LIVE
from api.translation.registered import NAMES
from core.database import transaction
from core.ids import format_id, parse_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_failure
from tests.integration.attempts import cancel, claim_one, end_overdue, pass_deadline
from tests.integration.kept import finish_one
from tests.integration.kept_connections import Connections

_MUG = {"prompt": "a red mug"}

#: By dialect, and ours: how a job is sent there.
SENDS: dict[str, tuple[str, Any]] = {
    "a1111": ("/a1111/sdapi/v1/txt2img", _MUG),
    "fal": ("/fal/darkroom/picturebook", _MUG),
    "huggingface": ("/huggingface/models/picturebook", {"inputs": "a red mug"}),
    "openai": ("/openai/v1/images/generations", _MUG),
    "replicate": ("/replicate/v1/models/darkroom/picturebook/predictions", {"input": _MUG}),
    "runpod": ("/runpod/v2/picturebook/run", {"input": _MUG}),
    "ours": ("/v1/jobs", _MUG),
}

#: By dialect: how a job is read there, and where its state is in the answer (a name of a field; None: the status of the answer).
READS: dict[str, tuple[str, str, str | None]] = {
    "a1111": ("POST", "/a1111/internal/progress", "status"),
    "fal": ("GET", "/fal/darkroom/picturebook/requests/{id}/status", "status"),
    "huggingface": ("GET", "/huggingface/models/picturebook/jobs/{id}", None),
    "openai": ("GET", "/openai/v1/images/generations/{id}", "status"),
    "replicate": ("GET", "/replicate/v1/predictions/{id}", "status"),
    "runpod": ("GET", "/runpod/v2/picturebook/status/{id}", "status"),
}

#: By state of ours, the word of each dialect, in their order. What has ended is COMPLETED to fal, with a type of error behind the colon.
WORDS: dict[str, tuple[Any, ...]] = {
    "succeeded": ("succeeded", "COMPLETED", 200, "completed", "succeeded", "COMPLETED"),
    "failed": ("failed", "COMPLETED:runner_server_error", 500, "failed", "failed", "FAILED"),
    "blocked": ("failed", "COMPLETED:content_policy_violation", 400, "failed", "failed", "FAILED"),
    "expired": ("failed", "COMPLETED:request_timeout", 504, "expired", "canceled", "TIMED_OUT"),
    "cancelled": ("cancelled", "COMPLETED:client_cancelled", 409, "cancelled", "canceled", "CANCELLED"),
    "running": ("running", "IN_PROGRESS", 503, "in_progress", "processing", "IN_PROGRESS"),
    "queued": ("queued", "IN_QUEUE", 503, "queued", "starting", "IN_QUEUE"),
}


def succeed(_account_id: UUID, _job_id: UUID) -> None:
    finish_one()


def fail(code: FailureCode) -> Callable[[UUID, UUID], None]:
    def record(_account_id: UUID, _job_id: UUID) -> None:
        with transaction() as session:
            record_failure(session, attempt_id=claim_one().id, failure=Failure(code, "of the test"))

    return record


def expire(_account_id: UUID, job_id: UUID) -> None:
    pass_deadline(job_id, of_the_start=True)
    assert end_overdue() == {job_id}


def run(_account_id: UUID, _job_id: UUID) -> None:
    claim_one()


def wait(_account_id: UUID, _job_id: UUID) -> None:
    """It stays where it is."""


#: In this order no job is claimed in the place of another one.
MOVES: dict[str, Callable[[UUID, UUID], None]] = {
    "succeeded": succeed,
    "failed": fail(FailureCode.NON_FINITE),
    "blocked": fail(FailureCode.CONTENT_FILTERED),
    "expired": expire,
    "cancelled": cancel,
    "running": run,
    "queued": wait,
}


@pytest.fixture
def send(client: FlaskClient, api_key: str) -> Callable[[str], UUID]:
    """Sends a job in the words of a client, and returns its id."""
    headers = {"Authorization": f"Bearer {api_key}"}

    def post(sender: str) -> UUID:
        path, body = SENDS[sender]
        answer = client.post(path, json=body, headers=headers, environ_overrides={LIVE: Connections()})
        assert answer.status_code in {200, 202}, answer.text
        newest = client.get("/v1/jobs?limit=1", headers=headers).get_json()["data"][0]
        job_id = parse_id("job", newest["id"])
        assert job_id is not None
        return job_id

    return post


@pytest.fixture
def read(client: FlaskClient, api_key: str) -> Callable[[UUID], tuple[Any, ...]]:
    """The word of each dialect for a job."""

    def find_word(job_id: UUID, method: str, path: str, field: str | None) -> Any:
        id_ = format_id("job", job_id)
        body = {"id_task": id_} if method == "POST" else None
        headers = {"Authorization": f"Bearer {api_key}"}
        answer = client.open(path.format(id=id_), method=method, json=body, headers=headers)
        if field is None:
            return answer.status_code
        shown = answer.get_json()
        return f"{shown[field]}:{shown['error_type']}" if "error_type" in shown else shown[field]

    return lambda job_id: tuple(find_word(job_id, *how) for how in READS.values())


@pytest.mark.parametrize("sender", SENDS)
def test_every_dialect_has_the_word(
    account_id: UUID, send: Callable[[str], UUID], read: Callable[[UUID], tuple[Any, ...]], sender: str
) -> None:
    """For a job of any client, in every state."""
    shown = {}
    for state, move in MOVES.items():
        job_id = send(sender)
        move(account_id, job_id)
        shown[state] = read(job_id)
    assert shown == WORDS


def test_every_dialect_of_jobs_is_there() -> None:
    """MCP has tools instead of states."""
    assert {*NAMES} - {"mcp"} == {*READS} == {*SENDS} - {"ours"}
