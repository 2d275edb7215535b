"""What an account sees of its deliveries, and one that it sends again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.database import transaction
from core.ids import format_id, parse_id
from core.jobs.audit.invariants import list_violations
from core.webhooks.endpoints import delete_endpoint, disable_endpoint
from infra.local.webhook_listener import WebhookListener, listening
from tests.integration.attempts import claim_one, end_a_job, succeed
from tests.integration.conftest import Post, Submit
from tests.integration.receivers import add_endpoint, answering
from tests.integration.test_outputs import Gallery
from tests.integration.test_webhook_delivery import make_due
from worker.webhooks.deliver import deliver_next


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """A receiver that answers 204."""
    with listening() as listener:
        yield listener


@pytest.fixture
def account(client: FlaskClient, account_id: UUID) -> Gallery:
    """The account over HTTP."""
    return Gallery(client, account_id)


def read(account: Gallery, query: str = "") -> list[dict[str, Any]]:
    answer = account.send("GET", f"webhook-deliveries?{query}")
    assert answer.status_code == 200, answer.text
    deliveries: list[dict[str, Any]] = answer.get_json()["data"]
    return deliveries


def test_a_delivery_shows_its_tries(
    account: Gallery, account_id: UUID, submit: Submit, listener: WebhookListener
) -> None:
    """Address, event, job, and what each call came back with."""
    endpoint = add_endpoint(account_id, listener.url).id
    job_id = end_a_job(account_id, submit)
    [waiting] = read(account)
    assert (waiting["status"], waiting["attempts"], waiting["finished_at"]) == ("pending", [], None)
    assert waiting["next_attempt_at"] is not None
    deliver_next()

    [delivery] = read(account, "status=delivered")
    assert delivery["id"] == waiting["id"]
    assert (delivery["endpoint_id"], delivery["url"]) == (format_id("whk", endpoint), listener.url)
    assert (delivery["event_type"], delivery["job_id"]) == ("job.succeeded", format_id("job", job_id))
    assert (delivery["sweep_id"], delivery["next_attempt_at"]) == (None, None)
    [attempt] = delivery["attempts"]
    assert (attempt["attempt_number"], attempt["trigger"]) == (1, "scheduled")
    assert (attempt["response_status_code"], attempt["error"]) == (204, None)
    assert attempt["response_duration_ms"] >= 0
    assert datetime.fromisoformat(attempt["started_at"]) <= datetime.fromisoformat(delivery["finished_at"])
    assert account.send("GET", f"webhook-deliveries/{delivery['id']}").get_json() == delivery
    assert listener.calls.get(timeout=5).headers["webhook-id"] == delivery["event_id"]


def test_deliveries_are_found(
    account: Gallery, account_id: UUID, submit: Submit, post: Post, listener: WebhookListener
) -> None:
    """By endpoint, status and job, newest first, page by page; the address of one job's request is no endpoint."""
    first, second = add_endpoint(account_id, listener.url).id, add_endpoint(account_id, f"{listener.url}?second").id
    job_id = end_a_job(account_id, submit)
    deliver_next()
    post({"prompt": "a mug", "webhook": {"url": f"{listener.url}?own"}})
    own_id = end_a_job_that_waits()

    assert [delivery["status"] for delivery in read(account)] == ["pending"] * 3 + ["delivered"] * 2
    assert len(read(account, "status=pending")) == 3
    assert len(read(account, f"job={format_id('job', job_id)}")) == 2
    [of_first] = read(account, f"endpoint={format_id('whk', first)}&status=delivered")
    assert of_first["job_id"] == format_id("job", job_id)
    [own] = [
        delivery for delivery in read(account, f"job={format_id('job', own_id)}") if delivery["endpoint_id"] is None
    ]
    assert own["url"] == f"{listener.url}?own"
    seen, cursor = [], ""
    while cursor is not None:
        page = account.send("GET", f"webhook-deliveries?limit=2{cursor}").get_json()
        seen += [delivery["id"] for delivery in page["data"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert seen == [delivery["id"] for delivery in read(account)]
    assert read(account, f"endpoint={format_id('whk', second)}&status=exhausted") == []


def end_a_job_that_waits() -> UUID:
    """Let the next job succeed."""
    attempt = claim_one()
    assert succeed(attempt) == "succeeded"
    return attempt.job_id


@pytest.mark.parametrize("query", ["status=lost", "endpoint=mine", "job=job_1", "limit=0", "cursor=x", "colour=red"])
def test_a_wrong_query_names_its_parameter(account: Gallery, query: str) -> None:
    """As every list does."""
    refused = account.send("GET", f"webhook-deliveries?{query}")

    assert refused.status_code == 422
    assert refused.get_json(force=True)["errors"][0]["field"] == query.partition("=")[0]


def test_one_is_sent_again(account: Gallery, account_id: UUID, submit: Submit, listener: WebhookListener) -> None:
    """With the same id, at once; the try says that it was asked for."""
    add_endpoint(account_id, listener.url)
    end_a_job(account_id, submit)
    deliver_next()
    [delivery] = read(account)
    again = account.send("POST", f"webhook-deliveries/{delivery['id']}/redeliver")
    assert (again.status_code, again.get_json()["status"], again.get_json()["finished_at"]) == (202, "pending", None)
    deliver_next()

    [done] = read(account)
    assert [(attempt["attempt_number"], attempt["trigger"]) for attempt in done["attempts"]] == [
        (1, "scheduled"),
        (2, "manual"),
    ]
    assert done["status"] == "delivered"
    calls = [listener.calls.get(timeout=5) for _ in range(2)]
    assert {call.headers["webhook-id"] for call in calls} == {delivery["event_id"]}
    with transaction() as session:
        assert list_violations(session) == []


def test_a_try_by_hand_that_fails_is_followed_by_the_schedule(
    account: Gallery, account_id: UUID, submit: Submit
) -> None:
    """And the tries after it are scheduled ones."""
    with answering(500) as url:
        add_endpoint(account_id, url)
        end_a_job(account_id, submit)
        deliver_next()
        [delivery] = read(account)
        account.send("POST", f"webhook-deliveries/{delivery['id']}/redeliver")
        deliver_next()
        make_due()
        deliver_next()

    [delivery] = read(account)
    assert [attempt["trigger"] for attempt in delivery["attempts"]] == ["scheduled", "manual", "scheduled"]
    assert {attempt["response_status_code"] for attempt in delivery["attempts"]} == {500}
    assert (delivery["status"], delivery["next_attempt_at"] is None) == ("pending", False)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_nothing_is_sent_where_nobody_is(
    account: Gallery, account_id: UUID, submit: Submit, listener: WebhookListener, is_deleted: bool
) -> None:
    """An endpoint that was deleted, or answered 410, is called no more."""
    endpoint = add_endpoint(account_id, listener.url).id
    end_a_job(account_id, submit)
    [delivery] = read(account)
    with transaction() as session:
        if is_deleted:
            delete_endpoint(session, account_id=account_id, endpoint_id=endpoint)
        else:
            disable_endpoint(session, endpoint_id=endpoint)

    refused = account.send("POST", f"webhook-deliveries/{delivery['id']}/redeliver")

    assert (refused.status_code, refused.get_json(force=True)["code"]) == (409, "webhook_endpoint_gone")
    assert read(account)[0]["status"] == "cancelled"


def test_the_address_of_one_job_is_called_again(
    account: Gallery, account_id: UUID, post: Post, listener: WebhookListener
) -> None:
    """Though it is no endpoint that anybody sees."""
    post({"prompt": "a mug", "webhook": {"url": listener.url}})
    end_a_job_that_waits()
    deliver_next()
    [delivery] = read(account)

    assert account.send("POST", f"webhook-deliveries/{delivery['id']}/redeliver").status_code == 202
    deliver_next()
    assert len(read(account)[0]["attempts"]) == 2


def test_others_see_nothing(
    account: Gallery, account_id: UUID, client: FlaskClient, other_account_id: UUID, submit: Submit
) -> None:
    """Another account's delivery looks like none, and a key is needed."""
    add_endpoint(account_id, "http://127.0.0.1:9/hook")
    end_a_job(account_id, submit)
    [delivery] = read(account)
    strangers = Gallery(client, other_account_id)

    assert read(strangers) == []
    for method, path in (("GET", ""), ("POST", "/redeliver")):
        answer = strangers.send(method, f"webhook-deliveries/{delivery['id']}{path}")
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "webhook_delivery_not_found")
    assert account.send("GET", "webhook-deliveries/whk_1").status_code == 404
    assert client.get("/v1/webhook-deliveries").status_code == 401
    assert parse_id("dlv", delivery["id"]) is not None
