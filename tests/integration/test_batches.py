"""Batches of OpenAI's dialect on the database: every line becomes one job, whatever comes between."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core.accounts.manage_keys import issue_api_key
from core.batches.prune import prune_batch_files, prune_batches
from core.batches.submit_lines import submit_waiting
from core.database import transaction
from core.settings import get_settings
from tests.integration.attempts import claim_one, count_jobs, succeed
from worker.maintenance.sweep import sweep

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
        # The test client would leave a long body in a file that nobody closes.
        parts = [
            'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch',
            'Content-Disposition: form-data; name="file"; filename="calls.jsonl"\r\n\r\n'
            + "\n".join(map(json.dumps, rows)),
        ]
        answer = client.post(
            "/openai/v1/files",
            data="".join(f"--cut\r\n{part}\r\n" for part in parts) + "--cut--\r\n",
            content_type="multipart/form-data; boundary=cut",
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
    """What the account may not have in its queue yet becomes jobs as that empties, whether anybody reads the batch or not."""
    limited = get_settings().model_copy(update={"account_max_queued_jobs": 2})
    monkeypatch.setattr("core.batches.submit_lines.get_settings", lambda: limited)
    file_id = send_file(5)
    batch = ask("POST", "/batches", build_batch(file_id))
    assert (batch["status"], batch["request_counts"]["total"], count_jobs()) == ("in_progress", 5, 2)
    sweep()
    assert count_jobs() == 2
    assert ask("DELETE", f"/files/{file_id}")["error"]["code"] == "file_in_use"
    succeed(claim_one())
    sweep()
    assert count_jobs() == 3
    monkeypatch.undo()
    sweep()
    sweep()
    assert count_jobs() == 5
    assert ask("DELETE", f"/files/{file_id}")["deleted"] is True


def test_what_was_cut_short_is_taken_up_again(ask: Ask, send_file: Callable[..., str]) -> None:
    """A process may end after jobs were queued, and before the batch says so: no line becomes a second job, also at a later hour."""
    batch = ask("POST", "/batches", build_batch(send_file(3)))
    assert count_jobs() == 3
    with transaction() as session:
        session.execute(text("update batches set submitted = 1, created_at = created_at - interval '2 hours'"))
    submit_waiting(seconds=1)
    shown = ask("GET", f"/batches/{batch['id']}")
    assert (shown["status"], shown["request_counts"]) == ("in_progress", {"total": 3, "completed": 0, "failed": 0})
    assert count_jobs() == 3
    with transaction() as session:
        assert session.execute(text("select submitted, refused from batches")).one() == (3, [])


def test_the_day_counts_from_the_batch(
    ask: Ask, send_file: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that becomes a job late has what is left of it, and one whose turn never came is an error of its own."""
    limited = get_settings().model_copy(update={"account_max_queued_jobs": 1})
    monkeypatch.setattr("core.batches.submit_lines.get_settings", lambda: limited)
    batch = ask("POST", "/batches", build_batch(send_file(3)))
    succeed(claim_one())
    with transaction() as session:
        session.execute(text("update batches set created_at = created_at - interval '23 hours'"))
    submit_waiting(seconds=1)
    with transaction() as session:
        newest = text("select deadline_at - created_at from jobs order by id desc limit 1")
        assert session.scalars(newest).one() <= timedelta(hours=1)
        session.execute(text("update batches set created_at = created_at - interval '1 hour'"))
    succeed(claim_one())
    submit_waiting(seconds=1)
    shown = ask("GET", f"/batches/{batch['id']}")
    assert (shown["status"], shown["request_counts"]) == ("expired", {"total": 3, "completed": 2, "failed": 1})
    with transaction() as session:
        [refused] = session.scalars(text("select refused from batches")).one()
    assert (refused["custom_id"], refused["code"]) == ("line-2", "batch_expired")


def test_one_batch_does_not_keep_another_waiting(ask: Ask, send_file: Callable[..., str]) -> None:
    """Each has its part of the time, however little that is."""
    for _ in range(3):
        ask("POST", "/batches", build_batch(send_file(2)))
    with transaction() as session:
        session.execute(text("update batches set submitted = 0"))
    submit_waiting(seconds=0)
    with transaction() as session:
        assert session.scalars(text("select submitted from batches")).all() == [1, 1, 1]


@pytest.mark.slow
def test_a_batch_may_be_as_long_as_openais(ask: Ask, send_file: Callable[..., str]) -> None:
    """Fifty thousand lines, of which the first become jobs before the answer; one more line is refused."""
    batch = ask("POST", "/batches", build_batch(send_file(50_000)))
    assert (batch["status"], batch["request_counts"]["total"]) == ("in_progress", 50_000)
    assert count_jobs() > 0
    assert ask("POST", f"/batches/{batch['id']}/cancel")["status"] == "cancelled"
    refused = ask("POST", "/batches", build_batch(send_file(50_001)))
    assert (refused["status"], refused["errors"]["data"][0]["message"]) == (
        "failed",
        "input_file_id: must have 1 to 50,000 lines",
    )


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
