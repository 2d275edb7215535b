"""Headers that keep answers out of caches, frames and other sites' hands."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.integration.conftest import Post


@pytest.mark.parametrize(
    "path",
    [
        "/v1/jobs",
        "/v1/jobs/job_0",
        "/v1/nowhere",
        "/nowhere",
        "/livez",
        "/metrics",
        "/openapi.json",
        "/docs/",
        "/docs/swagger",
    ],
)
def test_every_answer_is_fenced(client: FlaskClient, api_key: str, path: str) -> None:
    """Errors too: no frame, no referrer, no guessing of types, and nothing from elsewhere is loaded."""
    headers = client.get(path, headers={"Authorization": f"Bearer {api_key}"}).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
    assert "script-src" not in policy or "script-src 'self';" in policy
    assert headers.get("Cache-Control") == ("no-store" if path.startswith("/v1/") else None)


def test_answers_with_links_are_not_stored(client: FlaskClient, post: Post, api_key: str) -> None:
    """A job holds a prompt, and addresses that open its images without a key: no cache keeps it, whatever the status."""
    job = post({"prompt": "a mug"})
    headers = {"Authorization": f"Bearer {api_key}"}
    read = client.get(f"/v1/jobs/{job.get_json()['id']}", headers=headers)

    for answer in (job, read, client.get("/v1/jobs", headers=headers), post({"prompt": ""})):
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", ["/docs/", "/docs/swagger"])
def test_the_documentation_works_under_its_policy(client: FlaskClient, page: str) -> None:
    """No script or handler stands in a page, where its policy forbids them; what it loads is there, and from here."""
    text = client.get(page).text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', text)

    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|javascript:", text)
    assert loaded
    for path in loaded:
        assert not path.startswith(("http:", "https:", "//"))
        with client.get(f"/docs/{path}") as file:
            assert file.status_code == 200


def test_swagger_ui_is_started_with_our_document(client: FlaskClient) -> None:
    """The script is JavaScript by its type, which nosniff asks for, and names the document; no validator is asked."""
    script = client.get("/docs/show-swagger.js")

    assert script.mimetype == "text/javascript"
    assert 'url: "openapi.json"' in script.text
    assert "validatorUrl: null" in script.text
    assert client.get("/docs/openapi.json").get_json()["openapi"].startswith("3.1")
