"""A webhook that a request names: called for its job's end alone, signed with the account's secret."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.database import transaction
from core.jobs.retention.remove_rows import remove_rows
from core.webhooks.tables import WebhookDelivery, WebhookEndpoint
from tests.integration.attempts import claim_one, succeed
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


@pytest.mark.parametrize(
    ("webhook", "field"),
    [
        ({"url": "https://10.0.0.1/"}, "webhook.url"),
        ({"url": "ftp://example.com"}, "webhook.url"),
        ({"url": _URL, "events": ["job.started"]}, "webhook.events.0"),
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
