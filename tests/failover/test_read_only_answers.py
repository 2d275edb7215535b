"""What customers and load balancers are answered while the database takes no writes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.ids import format_id
from core.settings import get_settings
from tests.failover.refuse_writes import Refusal, refusing_writes
from tests.integration.conftest import Post, Submit

_JOB = {"prompt": "a red mug"}
_ENDPOINT = {"url": "http://127.0.0.1:9/webhooks"}


@contextmanager
def _read_only(refusal: Refusal) -> Iterator[None]:
    with refusing_writes(get_settings().database_url, refusal):
        yield


@pytest.mark.parametrize("refusal", Refusal)
def test_every_write_is_a_503_that_says_when_to_come_back(
    client: FlaskClient, api_key: str, post: Post, refusal: Refusal
) -> None:
    """Whatever it writes, and on whichever way: none of them is an error of ours. A second after
    the failover the first try is accepted, although the sessions of that time stay connected and read-only."""
    job = post(_JOB).get_json()["id"]
    headers = {"Authorization": f"Bearer {api_key}"}
    endpoint = client.post("/v1/webhook-endpoints", json=_ENDPOINT, headers=headers).get_json()["id"]

    with _read_only(refusal):
        refused = [
            post(_JOB),
            post(_JOB, **{"Idempotency-Key": "k"}),
            client.post(f"/v1/jobs/{job}/cancel", headers=headers),
            client.delete(f"/v1/jobs/{job}", headers=headers),
            client.post("/v1/webhook-endpoints", json=_ENDPOINT, headers=headers),
            client.delete(f"/v1/webhook-endpoints/{endpoint}", headers=headers),
        ]
        read = client.get(f"/v1/jobs/{job}", headers=headers)

    assert [_describe(answer) for answer in refused] == [(503, "database_unavailable", True)] * len(refused)
    assert (read.status_code, read.get_json()["status"]) == (200, "queued")
    time.sleep(1.1)
    assert post(_JOB, **{"Idempotency-Key": "k"}).status_code == 202


@pytest.mark.parametrize("refusal", Refusal)
def test_no_address_answers_with_an_error_of_ours(
    client: FlaskClient, api_key: str, submit: Submit, account_id: UUID, refusal: Refusal
) -> None:
    """Every method at every address, while the database takes no writes: what is not answered as usual is a 503."""
    names = {
        "job_id": format_id("job", submit(account_id)),
        "model_id": get_settings().default_model,
        "endpoint_id": format_id("whk", account_id),
        "deletion_id": format_id("del", account_id),
        "file_id": format_id("file", account_id),
        "sweep_id": format_id("sweep", account_id),
        "output_id": format_id("art", account_id),
        "board_id": format_id("board", account_id),
        "delivery_id": format_id("dlv", account_id),
        "style_name": "packshot-on-white",
    }
    answers = {}
    with _read_only(refusal):
        for rule in client.application.url_map.iter_rules():
            if not rule.rule.startswith(("/v1/", "/livez")):
                continue
            path = re.sub(r"<(?:\w+:)?(\w+)>", lambda place: names[place[1]], rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                answer = client.open(
                    path,
                    method=method,
                    json=_JOB if method == "POST" else None,
                    headers={"Authorization": f"Bearer {api_key}"},
                )
                answers[method, rule.rule] = _describe(answer)

    failed = {address: answer for address, answer in answers.items() if answer[0] >= 500}
    assert ("POST", "/v1/jobs") in failed
    assert set(failed.values()) == {(503, "database_unavailable", True)}


@pytest.mark.parametrize("refusal", Refusal)
def test_readyz_is_503_with_the_reason(client: FlaskClient, database: None, refusal: Refusal) -> None:
    """A load balancer sends nothing to an API whose database takes no writes, and the operator reads why; `/livez` is 200."""
    assert client.get("/readyz").status_code == 200
    with _read_only(refusal):
        answer = client.get("/readyz")
        alive = client.get("/livez")

    assert _describe(answer) == (503, "database_unavailable", True)
    assert "default_transaction_read_only is on" in answer.get_json()["detail"]
    assert alive.status_code == 200
    time.sleep(1.1)
    assert client.get("/readyz").status_code == 200


def _describe(answer: TestResponse) -> tuple[int, str | None, bool]:
    body = answer.get_json(silent=True) or {}
    return answer.status_code, body.get("code"), int(answer.headers.get("Retry-After", 0)) > 0
