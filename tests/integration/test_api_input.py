"""What the API accepts and refuses; nothing invalid reaches the queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from api.app import create_app
from core.database import transaction
from core.jobs.tables import Job
from infra.local import LocalStack

#: Sends a body to POST /v1/jobs.
Post = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def client(servers: LocalStack) -> Iterator[FlaskClient]:
    """The API in this process, on the real database and Redis."""
    with create_app().test_client() as client:
        yield client


@pytest.fixture
def post(client: FlaskClient, api_key: str) -> Post:
    """POST /v1/jobs with the account's key: a dict as JSON, anything else as it is."""

    def send(body: Any, **headers: str) -> TestResponse:
        data = json.dumps(body) if isinstance(body, dict) else body
        return client.post(
            "/v1/jobs",
            data=data,
            headers={"Authorization": f"Bearer {api_key}", "Content-Type": "application/json", **headers},
        )

    return send


def count_jobs() -> int:
    with transaction() as session:
        return session.scalars(select(func.count()).select_from(Job)).one()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", None),
        ("prompt", ""),
        ("prompt", "  \n"),
        ("prompt", 7),
        ("prompt", ["a mug"]),
        ("prompt", "x" * 4_001),
        ("prompt", "null \x00 byte"),
        ("prompt", "escape \x1b[31m"),
        ("prompt", "half a pair \ud800"),
        ("width", 0),
        ("width", -8),
        ("width", 100),
        ("width", 8.5),
        ("width", "128"),
        ("width", True),
        ("width", 264),
        ("width", 10**9),
        ("height", 132),
        ("num_inference_steps", 0),
        ("num_inference_steps", 101),
        ("num_inference_steps", 1e6),
        ("guidance_scale", -1),
        ("guidance_scale", float("nan")),
        ("guidance_scale", float("inf")),
        ("guidance_scale", "4"),
        ("seed", -1),
        ("seed", 2**64),
        ("seed", 1.5),
        ("num_images", 0),
        ("num_images", 9),
        ("scheduler", "magic"),
        ("scheduler", 1),
        ("model", "stable-diffusion-9"),
        ("model", "../../etc/passwd"),
        ("output_format", "gif"),
        ("output_format", "PNG"),
        ("metadata", {"key": 1}),
        ("metadata", {"": "empty key"}),
        ("metadata", {f"k{i}": "" for i in range(33)}),
        ("metadata", "text"),
        ("colour", "red"),
    ],
)
def test_a_bad_field_is_named(post: Post, field: str, value: Any) -> None:
    """A value of the wrong type, size or kind is 422 with the field's name, and no job exists."""
    response = post({"prompt": "a mug", field: value})

    assert response.status_code == 422, response.text
    assert response.mimetype == "application/problem+json"
    problem = response.get_json(force=True)
    assert problem["code"] == "invalid_request"
    assert [error["field"].split(".")[0] for error in problem["errors"]] == [field]
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert count_jobs() == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"", 400, "invalid_json"),
        (b'{"prompt": "a", "prompt": "b"}', 400, "invalid_json"),
        (b'{"prompt": "\xff"}', 400, "invalid_json"),
        (b"[" * 100_000, 400, "invalid_json"),
        (b'{"prompt": "a", "seed": ' + b"9" * 5_000 + b"}", 400, "invalid_json"),
        (b'["a mug"]', 422, "invalid_request"),
        (b'"{\\"prompt\\": \\"a mug\\"}"', 422, "invalid_request"),
        (b"null", 422, "invalid_request"),
        (b'{"prompt": "a", "guidance_scale": 1e400}', 422, "invalid_request"),
        (b'{"prompt": "' + b"x" * 2**20 + b'"}', 413, "body_too_large"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_bad_body_is_refused(post: Post, body: bytes, status: int, code: str) -> None:
    """Broken JSON is 400, JSON that is no request 422, and more than 1 MiB 413; never 500."""
    response = post(body)

    assert (response.status_code, response.get_json(force=True)["code"]) == (status, code)
    assert count_jobs() == 0


def test_another_media_type_is_refused(post: Post) -> None:
    """A form, a text and a compressed body are 415."""
    for headers in (
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Encoding": "gzip"},
    ):
        response = post(b'{"prompt": "a mug"}', **headers)
        assert (response.status_code, response.get_json(force=True)["code"]) == (415, "unsupported_media_type")


def test_the_answer_to_a_bad_prompt_does_not_repeat_it(post: Post) -> None:
    """Prompts are personal data: an error does not echo what was sent."""
    assert "secret-of-mine" not in post({"prompt": "a mug", "seed": "secret-of-mine"}).text


def test_defaults_are_fixed_at_submit(post: Post) -> None:
    """The job tells every parameter that the request left open, and names in the API's own words."""
    response = post({"prompt": "a mug", "steps": 5, "cfg_scale": 2, "n": 2})

    assert response.status_code == 202
    job = response.get_json()
    assert list(job["request"]) == [
        "prompt",
        "negative_prompt",
        "width",
        "height",
        "num_inference_steps",
        "guidance_scale",
        "scheduler",
        "num_images",
        "output_format",
    ]
    assert job["request"]["num_inference_steps"] == 5
    assert job["request"]["guidance_scale"] == 2.0
    assert job["request"]["num_images"] == 2
    assert (job["request"]["width"], job["request"]["scheduler"]) == (128, "ddim")
    assert response.headers["Location"] == job["urls"]["self"]


def test_a_name_and_its_alias_together_are_refused(post: Post) -> None:
    """Nothing is dropped silently: two values for one parameter are an error."""
    assert post({"prompt": "a mug", "steps": 5, "num_inference_steps": 6}).status_code == 422


def test_prompts_in_every_script(post: Post) -> None:
    """Text of any language is accepted and comes back in composed form."""
    job = post({"prompt": "une tasse — красная чашка — 赤いマグカップ 🍵 e\u0301"}).get_json()

    assert job["request"]["prompt"] == "une tasse — красная чашка — 赤いマグカップ 🍵 \u00e9"


def test_same_idempotency_key_same_job(post: Post) -> None:
    """The same key and body give the first job again; another body with the key is 422."""
    first = post({"prompt": "a mug"}, **{"Idempotency-Key": "order-1"})
    again = post({"prompt": "a mug"}, **{"Idempotency-Key": "order-1"})
    other = post({"prompt": "a lamp"}, **{"Idempotency-Key": "order-1"})

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.get_json(force=True)["code"]) == (422, "idempotency_key_reused")
    assert count_jobs() == 1


def test_an_invalid_request_does_not_use_up_its_key(post: Post) -> None:
    """After a 422 the same key works with the mended body."""
    assert post({"prompt": "a mug", "width": 100}, **{"Idempotency-Key": "k"}).status_code == 422
    assert post({"prompt": "a mug", "width": 4096}, **{"Idempotency-Key": "k"}).status_code == 422
    assert post({"prompt": "a mug", "width": 104}, **{"Idempotency-Key": "k"}).status_code == 202


def test_50_requests_with_one_key_at_once(client: FlaskClient, api_key: str) -> None:
    """Simultaneous requests with one key make one job and get 50 equal answers."""
    app = client.application

    def send(_: int) -> str:
        response = app.test_client().post(
            "/v1/jobs",
            json={"prompt": "a mug"},
            headers={"Authorization": f"Bearer {api_key}", "Idempotency-Key": "once"},
        )
        assert response.status_code == 202, response.text
        return str(response.get_json()["id"])

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(send, range(50)))

    assert len(ids) == 1
    assert count_jobs() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "with blank", "naïve"])
def test_a_bad_idempotency_key_is_named(post: Post, key: str) -> None:
    """An Idempotency-Key that is empty, too long or not printable ASCII is 422."""
    response = post({"prompt": "a mug"}, **{"Idempotency-Key": key})

    assert response.status_code == 422
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == ["Idempotency-Key"]


def test_pages_hold_every_job_once(client: FlaskClient, api_key: str, post: Post) -> None:
    """Following next_cursor gives every job, newest first, also when new ones arrive on the way."""
    ids = [post({"prompt": "a mug"}).get_json()["id"] for _ in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = _list(client, api_key, f"limit=3{cursor and '&cursor=' + cursor}").get_json()
        seen += [job["id"] for job in page["data"]]
        cursor = page["next_cursor"]
        post({"prompt": "a newcomer"})

    assert seen == ids[::-1]


def test_lists_filter_by_status(client: FlaskClient, api_key: str, post: Post) -> None:
    """`status` may be repeated; a job of another status is not listed."""
    queued, cancelled = (post({"prompt": "a mug"}).get_json()["id"] for _ in range(2))
    client.post(f"/v1/jobs/{cancelled}/cancel", headers={"Authorization": f"Bearer {api_key}"})

    def ids(query: str) -> list[str]:
        return [job["id"] for job in _list(client, api_key, query).get_json()["data"]]

    assert ids("status=queued") == [queued]
    assert ids("status=cancelled") == [cancelled]
    assert ids("status=cancelled&status=queued") == [cancelled, queued]
    assert ids("status=failed") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=job_" + "0" * 32, "cursor"),
        ("status=lost", "status.0"),
        ("colour=red", "colour"),
    ],
)
def test_a_bad_query_is_named(client: FlaskClient, api_key: str, query: str, field: str) -> None:
    """A parameter that is unknown or out of range is 422 with its name."""
    response = _list(client, api_key, query)

    assert response.status_code == 422
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == [field]


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
    ],
)
def test_a_bad_webhook_url_is_named(client: FlaskClient, api_key: str, url: str) -> None:
    """A URL that is none, or that leads into private networks, is 422."""
    response = client.post("/v1/webhook-endpoints", json={"url": url}, headers={"Authorization": f"Bearer {api_key}"})

    assert response.status_code == 422, response.text
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == ["url"]


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
    assert {"/v1/jobs", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/cancel", "/v1/models"} <= set(document["paths"])
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_health(client: FlaskClient) -> None:
    """Both probes answer 200 while the database answers."""
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def _list(client: FlaskClient, api_key: str, query: str) -> TestResponse:
    return client.get(f"/v1/jobs?{query}", headers={"Authorization": f"Bearer {api_key}"})
