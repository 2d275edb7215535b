"""Headers that a request has once: a second one is refused, and never a second job."""

from __future__ import annotations

import json

import pytest

from tests.http.served import Exchange, ServedApi

JOB = b'{"prompt": "a mug"}'
LENGTH = f"Content-Length: {len(JOB)}"


def read_problem(exchange: Exchange) -> tuple[int, list[str]]:
    """The status, and the fields that the problem names."""
    problem = json.loads(exchange.received.partition(b"\r\n\r\n")[2])
    return exchange.statuses[0], [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize(
    "headers",
    [
        ["Idempotency-Key: once", "Idempotency-Key: once"],
        ["Idempotency-Key: once", "idempotency-key: once"],
        ["Idempotency-Key: once", "Accept: */*", "IDEMPOTENCY-KEY: twice"],
        ["Idempotency-Key: once, once"],
        ["Idempotency-Key: once,once"],
        ["Idempotency-Key: once,"],
        ["Idempotency-Key: ,once"],
        ["Idempotency-Key: once", "Idempotency-Key:"],
        ["Idempotency-Key:", "Idempotency-Key:"],
        ["Idempotency-Key:"],
        ["Idempotency-Key:  \t "],
        ["Idempotency-Key: on ce"],
        ["Idempotency-Key: on\tce"],
        ["Idempotency-Key: " + "x" * 256],
        ["Idempotency-Key: " + "x" * 8_000],
        ["Idempotency-Key: \xfcber"],
        ["Idempotency-Key: \x80"],
    ],
    ids=lambda headers: " | ".join(headers)[:60],
)
def test_a_key_that_is_not_one_key_is_named(api: ServedApi, headers: list[str]) -> None:
    """F56: two keys are no key, whether in two lines or in one, as a proxy may join them; nor is an empty, an odd or a huge one."""
    assert read_problem(api.post(JOB, LENGTH, *headers)) == (422, ["Idempotency-Key"])


@pytest.mark.parametrize(
    "header", ["Idempotency-Key: a\x00b", "Idempotency-Key: a\x7fb", "Idempotency-Key: a\x1bb", "Idempotency-Key: a\rb"]
)
def test_a_key_with_control_characters_is_no_header(api: ServedApi, header: str) -> None:
    """F56: the request is refused as a whole."""
    exchange = api.post(JOB, LENGTH, header)

    assert exchange.statuses == [400]
    assert exchange.is_closed


def test_a_key_of_64_kib_is_no_header(api: ServedApi) -> None:
    """F56: the request is refused as a whole."""
    assert api.post(JOB, LENGTH, "Idempotency-Key: " + "x" * 65_536).statuses == [431]


@pytest.mark.parametrize("key", ["a", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "order:1/2;v=3", "+-*/~!"])
def test_one_key_is_one_job(api: ServedApi, key: str) -> None:
    """What is printable and without blanks and commas is a key: the first job comes again."""
    first, again = (api.post(JOB, LENGTH, f"Idempotency-Key: {key}") for _ in range(2))

    assert (first.statuses, again.statuses) == ([202], [202])
    assert again.header("Location") == first.header("Location")
    assert again.header("Idempotent-Replayed") == "true"


def test_two_authorizations_are_none(api: ServedApi) -> None:
    """F56: a key twice, or two keys, open nothing."""
    for second in (api.api_key, "dk_other_key"):
        exchange = api.post(JOB, LENGTH, f"Authorization: Bearer {second}")

        assert exchange.statuses == [401]


def test_two_content_types_are_none(api: ServedApi) -> None:
    """F56: a proxy may have looked at the other one."""
    for second in ("application/json", "text/plain"):
        exchange = api.post(JOB, LENGTH, f"Content-Type: {second}")

        assert exchange.statuses == [400]
        assert exchange.is_closed


@pytest.mark.parametrize("content_type", ["application/json, application/json", "application/json,text/plain", ""])
def test_a_list_of_content_types_is_none(api: ServedApi, content_type: str) -> None:
    """F56: joined by a proxy, they are no media type that is read."""
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.api_key}\r\n"
        f"Content-Type: {content_type}\r\n{LENGTH}\r\n\r\n"
    )

    assert api.send(head.encode() + JOB).statuses == [415]


def test_two_request_ids_are_none(api: ServedApi) -> None:
    """The answer has one of ours."""
    exchange = api.post(JOB, LENGTH, "X-Request-Id: first", "X-Request-Id: second")

    assert exchange.statuses == [202]
    assert (exchange.header("X-Request-Id") or "").startswith("req_")
