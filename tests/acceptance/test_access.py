"""Which key may read and change what."""

from __future__ import annotations

import httpx2
import pytest

from infra.local import LocalStack
from tests.acceptance.customer import SMALL, Customer
from tests.warm.run_warm import run_warm


def _without_request_id(response: httpx2.Response) -> dict[str, object]:
    return {name: value for name, value in response.json().items() if name != "request_id"}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer nonsense",
        "Basic dXNlcjpwYXNz",
        "Bearer dk_aaaaaaaaaaaa_" + "a" * 49,
        "Bearer dk_" + "x" * 4_000,
        "Bearer dk_ключ",
    ],
    ids=["missing", "empty", "no key", "malformed", "other scheme", "wrong checksum", "very long", "not ascii"],
)
def test_without_a_valid_key_401(stack: LocalStack, header: str | None) -> None:
    """A missing or malformed key is answered with 401 as problem+json, on every path under /v1."""
    headers = {} if header is None else {b"Authorization": header.encode()}
    for method, path in [("POST", "/v1/jobs"), ("GET", "/v1/jobs"), ("GET", "/v1/models")]:
        response = httpx2.request(method, stack.url + path, headers=headers)
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["code"] == "not_authenticated"


def test_a_revoked_key_opens_nothing(stack: LocalStack, customer: Customer) -> None:
    """From the revocation on, the next request with the key is refused: also a submit, which looks at it by the way."""
    key = customer.http.headers["Authorization"].removeprefix("Bearer ")
    assert customer.http.get("/v1/models").status_code == 200
    customer.submit(**SMALL)

    run_warm("admin", "revoke-key", key, environment=stack.environment).check_returncode()

    order = {"prompt": "a red mug", **SMALL}
    assert customer.http.post("/v1/jobs", json=order).status_code == 401
    assert customer.http.post("/v1/jobs", json=order, headers={"Idempotency-Key": "one"}).status_code == 401
    assert customer.http.get("/v1/models").status_code == 401


def test_another_accounts_job_looks_like_no_job(customer: Customer, other_customer: Customer) -> None:
    """A foreign id, an unknown id and a malformed id get the same 404, to read and to cancel."""
    foreign = customer.submit(**SMALL)["id"]
    unknown = "job_" + "0" * 32
    for path in ("", "/cancel"):
        answers = [
            other_customer.http.request("POST" if path else "GET", f"/v1/jobs/{job_id}{path}")
            for job_id in (foreign, unknown, "job_1", "nonsense")
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({str(_without_request_id(answer)) for answer in answers}) == 1


def test_lists_hold_only_the_accounts_own(customer: Customer, other_customer: Customer) -> None:
    """Jobs and webhook endpoints of one account are in no list of another."""
    customer.submit(**SMALL)
    customer.http.post("/v1/webhook-endpoints", json={"url": "http://127.0.0.1:9/hook"})

    assert other_customer.http.get("/v1/jobs").json() == {"data": [], "next_cursor": None}
    assert other_customer.http.get("/v1/webhook-endpoints").json()["data"] == []


def test_another_accounts_endpoint_cannot_be_deleted(customer: Customer, other_customer: Customer) -> None:
    """Deleting a foreign webhook endpoint is 404 and changes nothing."""
    endpoint = customer.http.post("/v1/webhook-endpoints", json={"url": "http://127.0.0.1:9/hook"}).json()

    assert other_customer.http.delete(f"/v1/webhook-endpoints/{endpoint['id']}").status_code == 404
    assert len(customer.http.get("/v1/webhook-endpoints").json()["data"]) == 1
    assert customer.http.delete(f"/v1/webhook-endpoints/{endpoint['id']}").status_code == 204
    assert customer.http.get("/v1/webhook-endpoints").json()["data"] == []
