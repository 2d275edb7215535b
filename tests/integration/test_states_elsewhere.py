"""Jobs in every state, as clients of other systems read them, whichever client sent them."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from api.live.asked import LIVE
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.ids import format_id
from core.jobs.failures import FailureCode
from core.settings import get_settings
from core.webhooks.sign import new_secret
from tests.integration.attempts import claim_one
from tests.integration.conftest import Submit
from tests.integration.kept import finish_one
from tests.integration.kept_connections import Connections, answer_waited, post_and_wait


class Reader:
    """One account's job, over the dialects."""

    def __init__(self, client: FlaskClient, api_key: str, job_id: UUID) -> None:
        self.id = format_id("job", job_id)
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def read(self, path: str) -> tuple[int, Any]:
        answer = self._client.get(path, headers=self._headers)
        return answer.status_code, answer.get_json()

    def read_prediction(self) -> dict[str, Any]:
        return dict(self.read(f"/replicate/v1/predictions/{self.id}")[1])

    def read_request(self) -> tuple[int, dict[str, Any], int, dict[str, Any]]:
        """Status and result, each with its status code."""
        base = f"/fal/darkroom/picturebook/requests/{self.id}"
        return (*self.read(f"{base}/status?logs=1"), *self.read(base))


@pytest.fixture
def reader(client: FlaskClient, api_key: str, account_id: UUID, submit: Submit) -> Reader:
    """Of a job that is queued."""
    return Reader(client, api_key, submit(account_id))


def _end(code: FailureCode | None) -> None:
    status = "cancelled" if code is None else "failed"
    with transaction() as session:
        session.execute(
            text(
                "update jobs set status = :status, failure_code = :code, failure_message = :message, finished_at = now()"
            ),
            {"status": status, "code": code, "message": None if code is None else "of the test"},
        )


def test_a_job_on_its_way(reader: Reader) -> None:
    """Queued, and running: its clients check the words."""
    assert reader.read_prediction()["status"] == "starting"
    status, shown, result, body = reader.read_request()
    assert (status, shown["status"], shown["queue_position"]) == (202, "IN_QUEUE", 0)
    assert (result, body["error_type"]) == (400, "bad_request")
    claim_one()
    shown = reader.read_prediction()
    assert (shown["status"], shown["output"], shown["error"]) == ("processing", None, None)
    assert shown["logs"].splitlines()[-1].startswith("  0%|")
    status, shown, *_ = reader.read_request()
    assert (status, shown["status"], len(shown["logs"])) == (202, "IN_PROGRESS", 1)


def test_a_job_that_has_succeeded(reader: Reader) -> None:
    """Behind plain http, Replicate's outputs are data, since its clients take no other address for a file; fal's are addresses."""
    assert get_settings().public_url.startswith("http:")
    finish_one()
    shown = reader.read_prediction()
    assert shown["status"] == "succeeded"
    assert shown["output"] == [f"data:image/png;base64,{base64.b64encode(b'pixels').decode()}"]
    status, listed = reader.read("/replicate/v1/predictions")
    assert listed["results"][0]["output"][0].startswith(f"{get_settings().public_url}/media/")
    status, shown, result, body = reader.read_request()
    assert (status, shown["status"], result, len(body["images"])) == (200, "COMPLETED", 200, 1)


@pytest.mark.parametrize("code", [None, *FailureCode])
def test_a_job_that_has_ended_otherwise(reader: Reader, code: FailureCode | None) -> None:
    """Cancelled, failed, blocked and late."""
    _end(code)
    late = {FailureCode.START_DEADLINE_EXCEEDED, FailureCode.DEADLINE_EXCEEDED}
    shown = reader.read_prediction()
    assert shown["status"] == ("canceled" if code is None or code in late else "failed")
    assert shown["error"] == (None if code is None else f"{code}: of the test")
    status, shown, result, body = reader.read_request()
    assert (status, shown["status"]) == (200, "COMPLETED")
    expected = {
        None: (499, "client_cancelled"),
        FailureCode.CONTENT_FILTERED: (422, "content_policy_violation"),
        FailureCode.INVALID_REQUEST: (422, "invalid_request"),
        FailureCode.PICTURE_NOT_FETCHED: (422, "file_download_error"),
        FailureCode.START_DEADLINE_EXCEEDED: (504, "request_timeout"),
        FailureCode.DEADLINE_EXCEEDED: (504, "request_timeout"),
        FailureCode.MODEL_UNAVAILABLE: (503, "runner_scheduling_failure"),
        FailureCode.LEASE_EXPIRED: (503, "runner_disconnected"),
    }.get(code, (500, "runner_server_error"))
    kind = body["error_type"] if result != 422 else body["detail"][0]["type"]
    assert (result, kind) == expected
    assert shown["error_type"] == expected[1]
    ended = "cancelled" if code is None else "failed"
    assert reader.read(f"/openai/v1/images/generations/{reader.id}")[1]["status"] == (
        "expired" if code in late else ended
    )


def test_a_deleted_image_is_gone(reader: Reader) -> None:
    """Its prediction says so, and neither has an address."""
    finish_one()
    with transaction() as session:
        session.execute(text("update artifacts set deleted_at = now()"))
    shown = reader.read_prediction()
    assert (shown["status"], shown["output"], shown["data_removed"]) == ("succeeded", None, True)
    assert reader.read_request()[3]["images"] == []


def test_an_address_of_an_output_is_the_output(
    reader: Reader, client: FlaskClient, api_key: str, other_account_id: UUID
) -> None:
    """Also when it opens nothing any more: the account could name the id as well. To another account it is an address like any."""
    finish_one()
    [address] = reader.read("/replicate/v1/predictions")[1]["results"][0]["output"]
    [output] = reader.read(f"/v1/jobs/{reader.id}")[1]["outputs"]
    with transaction() as session:
        pepper = get_settings().api_key_pepper.get_secret_value()
        other_key = issue_api_key(session, account_id=other_account_id, pepper=pepper)
    body = {"prompt": "a mug", "image": address.replace("/media/", "/media/0"), "num_inference_steps": 3}
    answer = client.post("/v1/jobs", json=body, headers={"Authorization": f"Bearer {api_key}"})
    assert answer.get_json()["inputs"][0]["id"] == output["id"]
    answer = client.post("/v1/jobs", json=body, headers={"Authorization": f"Bearer {other_key}"})
    assert answer.status_code == 422


def test_secrets_of_webhooks_have_one_underscore() -> None:
    """Replicate's client splits them there, and reads the rest as base64 in its first alphabet."""
    for _ in range(200):
        prefix, key = new_secret().split("_")
        assert (prefix, len(base64.b64decode(key, validate=True))) == ("whsec", 32)


PREDICTIONS = "/replicate/v1/predictions"


def build_call(api_key: str, **headers: str) -> dict[str, Any]:
    """A prediction."""
    body = {"version": "darkroom/picturebook", "input": {"prompt": "a red mug"}}
    return {"json": body, "headers": {"Authorization": f"Bearer {api_key}", "Prefer": "wait", **headers}}


def test_a_wait_that_is_over_is_starting(client: FlaskClient, api_key: str) -> None:
    """Also if the job runs by then, which is `processing` everywhere else: the client takes every other word for an end."""
    call = build_call(api_key)
    asked = post_and_wait(client, PREDICTIONS, **call)
    assert claim_one().job_id == asked.job_id
    answer = answer_waited(client, PREDICTIONS, asked, **call)
    assert (answer.status_code, answer.get_json()["status"]) == (202, "starting")
    address = f"{PREDICTIONS}/{answer.get_json()['id']}"
    assert client.get(address, headers=call["headers"]).get_json()["status"] == "processing"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 57),
        ({"Prefer": "wait=20"}, 17),
        ({"Prefer": "wait=4"}, 2),
        ({"X-Stainless-Read-Timeout": "30"}, 27),
        ({"Prefer": "wait=20", "X-Stainless-Read-Timeout": "60"}, 17),
        ({"X-Stainless-Read-Timeout": "nan"}, 57),
    ],
    ids=str,
)
def test_a_wait_ends_before_its_client_does(
    client: FlaskClient, api_key: str, headers: dict[str, str], seconds: float
) -> None:
    """A client that gives up has lost its prediction, or sends another one."""
    asked = post_and_wait(client, PREDICTIONS, **build_call(api_key, **headers))
    assert asked.until - asked.asked_at == pytest.approx(seconds)


def test_a_wait_without_a_slot_is_no_error(client: FlaskClient, api_key: str) -> None:
    """The client polls: the prediction is there, and `starting`."""
    overrides = {LIVE: Connections(is_free=False)}
    answer = client.post(PREDICTIONS, **build_call(api_key), environ_overrides=overrides)
    assert (answer.status_code, answer.get_json()["status"]) == (202, "starting")


def test_what_passes_by_itself_says_when(client: FlaskClient, api_key: str) -> None:
    """Replicate's client waits for as many seconds as a 503 says, if they are whole."""
    job = client.post("/v1/jobs", json={"prompt": "a red mug"}, headers={"Authorization": f"Bearer {api_key}"})
    answer = client.get(
        f"/replicate/v1/predictions/{job.get_json()['id']}/stream", headers={"Authorization": f"Bearer {api_key}"}
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"].isdigit()
    assert answer.headers["X-Should-Retry"] == "true"
