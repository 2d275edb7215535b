"""A webhook that a request names: called for its job's end alone, signed with the account's secret."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.database import transaction
from core.ids import format_id
from core.jobs.attempts.claim_jobs import claim_jobs
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.audit.invariants import list_violations
from core.jobs.retention.remove_rows import remove_rows
from core.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent
from tests.integration.attempts import claim_one, fail, make_available, succeed
from tests.integration.conftest import Post, Submit

_URL = "https://example.com/hook"


def _deliveries() -> list[tuple[str, str]]:
    with transaction() as session:
        rows = session.execute(
            select(WebhookEndpoint.url, WebhookEndpoint.secret).join(
                WebhookDelivery, WebhookDelivery.endpoint_id == WebhookEndpoint.id
            )
        )
        return sorted((url, secret) for url, secret in rows)


def test_it_is_called_for_its_own_job_alone(post: Post, client: FlaskClient, api_key: str) -> None:
    """Beside the account's endpoints; another job of the account does not reach it."""
    headers = {"Authorization": f"Bearer {api_key}"}
    secret = client.get("/v1/webhook-secret", headers=headers).get_json()["secret"]
    assert secret.startswith("whsec_")
    assert client.get("/v1/webhook-secret", headers=headers).get_json()["secret"] == secret
    client.post("/v1/webhook-endpoints", json={"url": "https://example.com/all"}, headers=headers)

    assert post({"prompt": "a mug", "webhook": {"url": _URL}}).status_code == 202
    post({"prompt": "another mug"})
    succeed(claim_one())
    succeed(claim_one())

    urls = [url for url, _ in _deliveries()]
    assert urls == ["https://example.com/all", "https://example.com/all", _URL]
    assert dict(_deliveries())[_URL] == secret
    listed = client.get("/v1/webhook-endpoints", headers=headers).get_json()["data"]
    assert [endpoint["url"] for endpoint in listed] == ["https://example.com/all"]


@pytest.mark.parametrize(("events", "calls"), [(["job.failed"], 0), (["job.cancelled", "job.failed"], 1)])
def test_it_is_called_for_the_events_that_it_names(
    post: Post, client: FlaskClient, api_key: str, events: list[str], calls: int
) -> None:
    """A cancelled job calls a webhook of cancellations."""
    job = post({"prompt": "a mug", "webhook": {"url": _URL, "events": events}}).get_json()
    client.post(f"/v1/jobs/{job['id']}/cancel", headers={"Authorization": f"Bearer {api_key}"})

    assert len(_deliveries()) == calls


def test_a_start_is_announced_to_a_webhook_that_asks_for_it(
    post: Post, client: FlaskClient, api_key: str, account_id: UUID
) -> None:
    """Once, whatever becomes of its attempts, as the job is then; the account's endpoints hear of the end alone."""
    client.post(
        "/v1/webhook-endpoints", json={"url": "https://example.com/all"}, headers={"Authorization": f"Bearer {api_key}"}
    )
    post({"prompt": "a mug", "webhook": {"url": _URL, "events": ["job.started", "job.succeeded"]}})
    assert _deliveries() == []
    attempt = claim_one()
    assert [url for url, _ in _deliveries()] == [_URL]
    with transaction() as session:
        [event] = session.scalars(select(WebhookEvent)).all()
        assert (event.type, event.data["status"], event.data["attempts"]) == ("job.started", "running", 1)
        assert event.data["started_at"] is not None
        assert list_violations(session) == []

    assert fail(attempt.id) == "queued"
    make_available(attempt.job_id)
    succeed(claim_one())

    assert [url for url, _ in _deliveries()] == ["https://example.com/all", _URL, _URL]
    with transaction() as session:
        assert list_violations(session) == []


def test_starts_are_announced_between_others(post: Post) -> None:
    """A claim of several jobs stops before one whose start is announced, and keeps the order."""
    plain, announced = {"prompt": "a mug"}, {"prompt": "a mug", "webhook": {"url": _URL, "events": ["job.started"]}}
    ids = [post(body).get_json()["id"] for body in (plain, announced, announced, plain)]
    worker = ClaimingWorker(pool="default", worker_id="worker-a", lease_seconds=30)
    claimed = []
    for expected in (1, 1, 1, 1):
        attempts = claim_jobs(worker, count=4).attempts
        assert len(attempts) == expected
        claimed += [format_id("job", attempt.job_id) for attempt in attempts]
    assert claimed == ids
    assert [url for url, _ in _deliveries()] == [_URL, _URL]


_ENDS = ["job.succeeded", "job.failed", "job.cancelled"]


@pytest.mark.parametrize(
    ("asked", "events"),
    [
        ({"webhook": _URL}, ["job.started", *_ENDS]),
        ({"webhook": _URL, "webhook_events_filter": ["start"]}, ["job.started"]),
        ({"webhook": _URL, "webhook_events_filter": ["logs", "output", "completed"]}, _ENDS),
        ({"webhook_completed": _URL}, _ENDS),
    ],
    ids=str,
)
def test_what_replicates_clients_ask_for(
    client: FlaskClient, api_key: str, asked: dict[str, Any], events: list[str]
) -> None:
    """Without a filter, everything that is sent."""
    answer = client.post(
        "/replicate/v1/models/darkroom/picturebook/predictions",
        json={"input": {"prompt": "a mug"}, **asked},
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code == 202, answer.text
    with transaction() as session:
        assert session.scalars(select(WebhookEndpoint.events)).one() == events


@pytest.mark.parametrize(
    ("webhook", "field"),
    [
        ({"url": "https://10.0.0.1/"}, "webhook.url"),
        ({"url": "ftp://example.com"}, "webhook.url"),
        ({"url": _URL, "events": ["job.moved"]}, "webhook.events.0"),
        ({"url": _URL, "events": []}, "webhook.events"),
        ({"url": _URL, "colour": "red"}, "webhook.colour"),
        (_URL, "webhook"),
    ],
)
def test_a_wrong_one_is_named(post: Post, webhook: Any, field: str) -> None:
    """As wrong addresses of endpoints are, beside what else is wrong."""
    answer = post({"prompt": "a mug", "webhook": webhook, "steps": 400})

    assert answer.status_code == 422
    assert {error["field"] for error in answer.get_json(force=True)["errors"]} == {field, "num_inference_steps"}


def test_it_goes_with_its_job(account_id: UUID, submit: Submit) -> None:
    """Nothing of the address is left when the job's rows are removed."""
    job_id = submit(account_id, webhook={"url": _URL})
    succeed(claim_one())
    with transaction() as session:
        remove_rows(session, [job_id])
        assert session.scalars(select(WebhookEndpoint)).all() == []
