"""Webhook endpoints, models, health and the API document."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "ftp://example.com/",
        "https://",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "https://example.com/\nx",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://0x0a.1/",
        "https://example.com:99999/",
        "https://bücher.example/",
        "https://a..b/",
        "https://" + "x" * 64 + ".example/",
        "https://{x}/",
        "https://[::ffff:0:127.0.0.1]/",
    ],
)
def test_a_bad_webhook_url_is_named(client: FlaskClient, api_key: str, url: str) -> None:
    """A URL that is none, or that leads into private networks, is 422."""
    response = client.post("/v1/webhook-endpoints", json={"url": url}, headers={"Authorization": f"Bearer {api_key}"})

    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == ["url"]


def test_twenty_endpoints_and_no_more(client: FlaskClient, api_key: str) -> None:
    """However many requests come at once, an account gets its 20 endpoints."""
    app = client.application

    def add(number: int) -> int:
        response = app.test_client().post(
            "/v1/webhook-endpoints",
            json={"url": f"https://example.com/{number}"},
            headers={"Authorization": f"Bearer {api_key}"},
        )
        return response.status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(add, range(30)))

    assert statuses.count(201) == 20
    assert statuses.count(409) == 10


def test_the_secret_is_shown_once(client: FlaskClient, api_key: str) -> None:
    """Only the answer to the creation holds the signing secret."""
    headers = {"Authorization": f"Bearer {api_key}"}
    created = client.post("/v1/webhook-endpoints", json={"url": "https://example.com/hook"}, headers=headers)

    assert created.status_code == 201
    assert created.get_json()["secret"].startswith("whsec_")
    listed = client.get("/v1/webhook-endpoints", headers=headers)
    assert created.get_json()["secret"] not in listed.text
    assert [endpoint["url"] for endpoint in listed.get_json()["data"]] == ["https://example.com/hook"]


def test_models_tell_their_limits(client: FlaskClient, api_key: str) -> None:
    """The catalog is public knowledge: id, licence, sizes and schedulers of every model."""
    models = client.get("/v1/models", headers={"Authorization": f"Bearer {api_key}"}).get_json()["data"]

    [model] = [model for model in models if model["is_default"]]
    assert (model["id"], model["licence"], model["max_width"]) == ("picturebook", "Apache-2.0", 256)


def test_unknown_paths_and_methods_are_problems(client: FlaskClient) -> None:
    """404 and 405 are problem+json as well."""
    for path, method, status in (("/v2/jobs", "GET", 404), ("/livez", "POST", 405)):
        response = client.open(path, method=method)
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_the_api_document_is_valid(client: FlaskClient) -> None:
    """/openapi.json is OpenAPI 3.1, and the pages that show it load nothing from elsewhere."""
    document = client.get("/openapi.json").get_json()
    page = client.get("/docs/swagger").text

    assert document["openapi"].startswith("3.1.")
    validate(document)
    assert {
        "/v1/jobs",
        "/v1/jobs/{job_id}",
        "/v1/jobs/{job_id}/cancel",
        "/v1/jobs/{job_id}/preview",
        "/v1/models",
    } <= set(document["paths"])
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_health(client: FlaskClient) -> None:
    """Both probes answer 200 while the database answers."""
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200
