"""What a web page, and a person with a browser, gets from the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.settings import get_settings
from infra.local import LocalStack

_ORIGIN = "https://app.example"
_PREFLIGHT = {
    "Origin": _ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
}


@pytest.fixture
def open_client(servers: LocalStack, database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """The API of a deployment that names two origins."""
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"{_ORIGIN}, http://localhost:5173")
    get_settings.cache_clear()
    with create_app().test_client() as client:
        yield client
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_page_of_a_named_origin_may_call(open_client: FlaskClient, api_key: str) -> None:
    """The preflight needs no key; the answer names the origin, and the headers that a page may read."""
    asked = open_client.options("/v1/jobs", headers=_PREFLIGHT)

    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == _ORIGIN
    assert {"GET", "POST"} <= set(asked.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(
        asked.headers["Access-Control-Allow-Headers"].split(", ")
    )
    sent = open_client.post(
        "/v1/jobs", json={"prompt": "a mug"}, headers={"Origin": _ORIGIN, "Authorization": f"Bearer {api_key}"}
    )
    assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (202, _ORIGIN)
    assert {"Location", "ETag", "Retry-After", "Idempotent-Replayed"} <= set(
        sent.headers["Access-Control-Expose-Headers"].split(", ")
    )
    assert "Origin" in sent.headers["Vary"]
    for answer in (asked, sent):
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://other.example", "https://app.example.evil.example", "http://app.example", "null"]
)
def test_another_origin_may_not(open_client: FlaskClient, origin: str) -> None:
    """Neither is it asked for, nor may it read an error."""
    asked = open_client.options("/v1/jobs", headers=_PREFLIGHT | {"Origin": origin})
    refused = open_client.get("/v1/jobs", headers={"Origin": origin})

    assert (asked.status_code, asked.get_json(force=True)["code"]) == (403, "origin_not_allowed")
    assert refused.status_code == 401
    for answer in (asked, refused):
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]


def test_errors_can_be_read_by_a_page(open_client: FlaskClient) -> None:
    """A wrong key and an unknown path are answers to it as well."""
    for path in ("/v1/jobs", "/v1/nothing"):
        assert open_client.get(path, headers={"Origin": _ORIGIN}).headers["Access-Control-Allow-Origin"] == _ORIGIN


def test_it_is_off_by_default(client: FlaskClient) -> None:
    """No origin is named, and no answer depends on one."""
    answer = client.get("/livez", headers={"Origin": _ORIGIN})

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize(
    "origins", ["*", "https://app.example/", "app.example", "https://APP.example", "ftp://app.example"]
)
def test_an_origin_that_no_browser_sends_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    """The setting is named with what it has to be."""
    from core.settings import read_settings

    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", origins)
    with pytest.raises(SystemExit, match="CORS_ALLOWED_ORIGINS"):
        read_settings()


@pytest.mark.parametrize("path", ["/v1/jobs/", "/v1/models/", "/v1/models/picturebook/", "/livez/", "/openapi.json/"])
def test_a_slash_too_many_is_forgiven(client: FlaskClient, api_key: str, path: str) -> None:
    """The operation answers, without a redirect."""
    assert client.get(path, headers={"Authorization": f"Bearer {api_key}"}).status_code == 200


def test_the_root_says_what_this_is(client: FlaskClient) -> None:
    """And where the documentation is."""
    root = client.get("/").get_json()

    assert root["service"] == "Darkroom"
    for name in ("documentation", "openapi", "errors"):
        path = root[name].removeprefix(get_settings().public_url)
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "near"),
    [
        ("GET", "/v1/job", "GET /v1/jobs"),
        ("POST", "/v1/job", "POST /v1/jobs"),
        ("GET", "/jobs", "GET /v1/jobs"),
        ("GET", "/v1/model", "GET /v1/models"),
        ("POST", "/v1/webhooks", "POST /v1/webhook-endpoints"),
        ("GET", "/v1/jobs/job_1/previews", "GET /v1/jobs/{job_id}/preview"),
        ("GET", "/doc", "GET /docs/"),
    ],
)
def test_an_unknown_path_names_what_is_near(client: FlaskClient, method: str, path: str, near: str) -> None:
    """And where all operations are."""
    problem = client.open(path, method=method).get_json(force=True)

    assert (problem["status"], problem["code"]) == (404, "not_found")
    assert near in problem["detail"]


def test_a_path_like_nothing_is_answered_shortly(client: FlaskClient) -> None:
    """However long it is."""
    problem = client.get("/" + "x" * 5_000).get_json(force=True)

    assert problem["status"] == 404
    assert len(problem["detail"]) < 300


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    """In the message and in the header."""
    answer = client.open("/v1/jobs", method="PATCH")

    assert (answer.status_code, {*answer.headers["Allow"].split(", ")}) == (405, {"GET", "HEAD", "OPTIONS", "POST"})
    assert "/v1/jobs does not take PATCH: it takes GET, POST." in answer.get_json(force=True)["detail"]


def test_metrics_have_one_address(client: FlaskClient) -> None:
    """Proxies block that one: a slash at its end leads nowhere."""
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics/").status_code == 404
