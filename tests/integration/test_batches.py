"""Batches of OpenAI's dialect on the database: every line becomes one job, whatever comes between."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core.accounts.manage_keys import issue_api_key
from core.batches.batch_files import prune_batch_files
from core.batches.batches import prune_batches
from core.database import transaction
from core.settings import get_settings
from tests.integration.attempts import claim_one, count_jobs, succeed

URL = "/v1/images/generations"

#: Asks the API as the account.
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(client: FlaskClient, api_key: str) -> Ask:
    """The answer of OpenAI's dialect, as JSON."""

    def send(method: str, path: str, body: Any = None, *, key: str = api_key, **headers: str) -> dict[str, Any]:
        answer = client.open(
            f"/openai/v1{path}", method=method, json=body, headers={"Authorization": f"Bearer {key}", **headers}
        )
        return dict(answer.get_json())

    return send


@pytest.fixture
def send_file(client: FlaskClient, api_key: str) -> Callable[..., str]:
    """The id of a file of so many lines."""

    def send(lines: int, **body: Any) -> str:
        call = {"prompt": "a red mug", **body}
        rows = [{"custom_id": f"line-{number}", "method": "POST", "url": URL, "body": call} for number in range(lines)]
        content = io.BytesIO("\n".join(map(json.dumps, rows)).encode())
        answer = client.post(
            "/openai/v1/files",
            data={"purpose": "batch", "file": (content, "calls.jsonl")},
            headers={"Authorization": f"Bearer {api_key}"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.get_json()["id"])

    return send


def build_batch(file_id: str) -> dict[str, Any]:
    return {"input_file_id": file_id, "endpoint": URL, "completion_window": "24h"}


def test_lines_that_do_not_fit_into_the_queue_follow(
    ask: Ask, send_file: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the account may not have in its queue yet becomes jobs when the batch is read again, each line one."""
    limited = get_settings().model_copy(update={"account_max_queued_jobs": 2})
    monkeypatch.setattr("api.jobs.job_request.get_settings", lambda: limited)
    batch = ask("POST", "/batches", build_batch(send_file(5)))
    assert (batch["status"], batch["request_counts"]["total"], count_jobs()) == ("in_progress", 5, 2)
    ask("GET", f"/batches/{batch['id']}")
    assert count_jobs() == 2
    succeed(claim_one())
    ask("GET", f"/batches/{batch['id']}")
    assert count_jobs() == 3
    monkeypatch.undo()
    ask("GET", f"/batches/{batch['id']}")
    ask("GET", f"/batches/{batch['id']}")
    assert count_jobs() == 5


def test_what_was_cut_short_is_taken_up_again(ask: Ask, send_file: Callable[..., str]) -> None:
    """A process may end after jobs were queued, and before the batch says so: no line becomes a second job."""
    batch = ask("POST", "/batches", build_batch(send_file(3)))
    assert count_jobs() == 3
    with transaction() as session:
        session.execute(text("update batches set submitted = 1"))
    assert ask("GET", f"/batches/{batch['id']}")["status"] == "in_progress"
    assert count_jobs() == 3


def test_a_repeated_request_makes_no_second_batch(ask: Ask, send_file: Callable[..., str]) -> None:
    """The client sends it again when it lost the answer; the same call twice is two batches."""
    file_id = send_file(2)
    first = ask("POST", "/batches", build_batch(file_id), **{"X-Stainless-Retry-Count": "0"})
    again = ask("POST", "/batches", build_batch(file_id), **{"X-Stainless-Retry-Count": "1"})
    other = ask("POST", "/batches", build_batch(file_id), **{"X-Stainless-Retry-Count": "0"})
    assert first["id"] == again["id"] != other["id"]
    assert count_jobs() == 4


def test_other_accounts_see_nothing(ask: Ask, send_file: Callable[..., str], other_account_id: UUID) -> None:
    """Neither the batch nor its files."""
    file_id = send_file(1)
    batch = ask("POST", "/batches", build_batch(file_id))
    with transaction() as session:
        key = issue_api_key(
            session, account_id=other_account_id, pepper=get_settings().api_key_pepper.get_secret_value()
        )
    out = batch["id"].replace("batch_", "batchout_")
    for method, path in (
        ("GET", f"/batches/{batch['id']}"),
        ("POST", f"/batches/{batch['id']}/cancel"),
        ("GET", f"/files/{file_id}"),
        ("GET", f"/files/{file_id}/content"),
        ("DELETE", f"/files/{file_id}"),
        ("GET", f"/files/{out}/content"),
    ):
        assert ask(method, path, key=key)["error"]["code"] in {"batch_not_found", "file_not_found"}, path
    assert ask("POST", "/batches", build_batch(file_id), key=key)["error"]["code"] == "file_not_found"
    assert ask("GET", "/batches", key=key)["data"] == []


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"endpoint": "/v1/chat/completions"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": "file_0"}, "input_file_id"),
        ({"metadata": "x"}, "metadata"),
    ],
)
def test_what_is_wrong_is_named(ask: Ask, send_file: Callable[..., str], change: dict[str, str], param: str) -> None:
    """As the client calls it."""
    assert ask("POST", "/batches", build_batch(send_file(1)) | change)["error"]["param"] == param


def test_files_and_batches_go_when_their_time_is_over(ask: Ask, send_file: Callable[..., str]) -> None:
    """A file as any file, a batch as any job; its jobs stay as long as jobs do."""
    batch = ask("POST", "/batches", build_batch(send_file(1)))
    for seconds, files, batches in ((0, 0, 0), (31 * 86_400, 1, 0), (60 * 86_400, 0, 1)):
        with transaction() as session:
            for table in ("batch_files", "batches"):
                session.execute(text(f"update {table} set created_at = created_at - interval '{seconds} seconds'"))
            assert (prune_batch_files(session), prune_batches(session)) == (files, batches)
    assert ask("GET", f"/batches/{batch['id']}")["error"]["code"] == "batch_not_found"
    assert count_jobs() == 1
