"""Webhook endpoints, models, health and the API document."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import jsonschema
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
    assert (model["id"], model["licence"], model["max_width"]) == ("picturebook", "Apache-2.0", 512)
    assert (model["is_available"], model["revision"]) == (True, "2")
    assert {model["id"]: model["commercial_use"] for model in models}["flux.1-dev"] is False


def test_a_model_tells_its_parameters(client: FlaskClient, api_key: str) -> None:
    """Each task of a model has a JSON schema, which is what POST /v1/jobs goes by."""
    headers = {"Authorization": f"Bearer {api_key}"}
    response = client.get("/v1/models/picturebook", headers=headers)

    assert response.status_code == 200
    model = response.get_json()
    tasks = {"text-to-image", "image-to-image", "inpainting", "outpaint"}
    assert set(model["parameters"]) == set(model["abilities"]) == set(model["tasks"]) == tasks
    assert (
        model["abilities"]["outpaint"].items()
        >= {"pipeline": "StableDiffusionInpaintPipeline", "batched": True}.items()
    )
    for schema in model["parameters"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    properties = model["parameters"]["text-to-image"]["properties"]
    assert properties["width"].items() >= {"default": 256, "maximum": 512, "multipleOf": 8}.items()
    assert "guidance_rescale" in properties
    sent = client.post("/v1/jobs", json={"prompt": "a mug", "guidance_rescale": 0.5}, headers=headers)
    assert sent.get_json()["request"]["guidance_rescale"] == 0.5


def test_a_model_that_is_not_fetched_is_shown_and_refused(client: FlaskClient, api_key: str) -> None:
    """Models that are not fetched are listed as not available; a job for one is refused with the command that fetches it."""
    headers = {"Authorization": f"Bearer {api_key}"}
    model = client.get("/v1/models/flux.1-dev", headers=headers).get_json()
    assert (model["is_available"], model["revision"]) == (False, None)
    assert "negative_prompt" in model["parameters"]["text-to-image"]["properties"]

    response = client.post("/v1/jobs", json={"prompt": "a mug", "model": "flux.1-dev"}, headers=headers)
    assert response.status_code == 422
    [error] = response.get_json(force=True)["errors"]
    assert error["field"] == "model"
    assert "darkroom-models fetch flux.1-dev" in error["message"]


@pytest.mark.parametrize("model_id", ["stable-diffusion-9", "..%2Fmodels", "x" * 300])
def test_an_unknown_model_is_404(client: FlaskClient, api_key: str, model_id: str) -> None:
    """An id that no model has is not found, as a problem."""
    response = client.get(f"/v1/models/{model_id}", headers={"Authorization": f"Bearer {api_key}"})

    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_unknown_paths_and_methods_are_problems(client: FlaskClient) -> None:
    """404 and 405 are problem+json as well."""
    for path, method, status in (("/v2/jobs", "GET", 404), ("/livez", "POST", 405)):
        response = client.open(path, method=method)
        assert (response.status_code, response.mimetype) == (status, "application/problem+json")


def test_allow_names_the_methods_of_that_address_alone(client: FlaskClient) -> None:
    """An address without a placeholder is no job, file or style of that name: a 405 there names its own methods."""
    methods: dict[str, set[str]] = {}
    for rule in client.application.url_map.iter_rules():
        if not rule.arguments and rule.rule.startswith("/v1/"):
            methods.setdefault(rule.rule, set()).update(rule.methods or ())

    assert {"/v1/jobs", "/v1/jobs/cancel", "/v1/jobs/delete", "/v1/queue/pause"} <= set(methods)
    for path, own in methods.items():
        answer = client.open(path, method="BREW")
        assert (answer.status_code, {*answer.headers["Allow"].split(", ")}) == (405, own), path


def test_the_api_document_is_valid(client: FlaskClient) -> None:
    """/openapi.json is OpenAPI 3.1, and the pages that show it load nothing from elsewhere."""
    document = client.get("/openapi.json").get_json()
    page = client.get("/docs/swagger").text

    assert document["openapi"].startswith("3.1.")
    validate(document)
    assert {
        "/v1/jobs",
        "/v1/jobs/cancel",
        "/v1/jobs/delete",
        "/v1/jobs/{job_id}",
        "/v1/jobs/{job_id}/cancel",
        "/v1/jobs/{job_id}/move",
        "/v1/jobs/{job_id}/preview",
        "/v1/outputs",
        "/v1/outputs/change",
        "/v1/outputs/{output_id}",
        "/v1/boards",
        "/v1/boards/{board_id}",
        "/v1/queue",
        "/v1/queue/figures",
        "/v1/queue/pause",
        "/v1/webhook-deliveries",
        "/v1/webhook-deliveries/{delivery_id}",
        "/v1/webhook-deliveries/{delivery_id}/redeliver",
        "/v1/queue/resume",
        "/v1/files",
        "/v1/sweeps",
        "/v1/sweeps/{sweep_id}",
        "/v1/sweeps/{sweep_id}/append",
        "/v1/sweeps/{sweep_id}/cancel",
        "/v1/sweeps/{sweep_id}/events",
        "/v1/sweeps/{sweep_id}/finalise",
        "/v1/sweeps/{sweep_id}/jobs",
        "/v1/files/{file_id}",
        "/v1/jobs/{job_id}/events",
        "/v1/jobs/{job_id}/receipt",
        "/v1/jobs/{job_id}/retry",
        "/v1/jobs/{job_id}/replay",
        "/v1/jobs/{job_id}/vary",
        "/v1/events",
        "/v1/recall",
        "/v1/models",
        "/v1/models/{model_id}",
        "/v1/prompts/check",
        "/v1/styles",
        "/v1/styles/{style_name}",
    } <= set(document["paths"])
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_health(client: FlaskClient) -> None:
    """Both probes answer 200 while the database answers."""
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200
