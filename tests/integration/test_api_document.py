"""The API document: its examples fit it, and every error has a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import jsonschema
import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.problem_kinds import list_error_kinds
from core.ids import parse_id
from core.settings import get_settings
from tests.integration.conftest import Post
from tests.integration.kept import finish_one

_JSON = "application/json"


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """As it is served."""
    return dict(client.get("/openapi.json").get_json())


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def _check(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_it_begins_with_sending_a_job(client: FlaskClient) -> None:
    """The page shows the operations in the document's order."""
    paths = client.get("/openapi.json").get_json()["paths"]

    assert next(iter(paths)) == "/v1/jobs"
    assert list(paths["/v1/jobs"]) == ["post", "get"]


def test_every_operation_has_examples_that_fit(document: dict[str, Any]) -> None:
    """Of its body and of each answer that is JSON."""
    checked = 0
    for name, operation in _operations(document):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [answer.get("content", {}) for answer in operation["responses"].values()]
        for content in (content[_JSON] for content in contents if _JSON in content):
            examples = [each["value"] for each in content.get("examples", {}).values()] or [content["example"]]
            for example in examples:
                _check(example, content["schema"], document)
                checked += 1
        assert operation["operationId"].isidentifier(), name
        assert operation["summary"], name
    assert checked > 20


def test_the_first_example_of_a_job_is_a_prompt_alone(document: dict[str, Any]) -> None:
    """So that the page's first press sends a job that every model draws."""
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"][_JSON]

    assert list(next(iter(body["examples"].values()))["value"]) == ["prompt"]


def test_a_body_is_what_the_models_take(document: dict[str, Any], post: Post) -> None:
    """Nothing beside the fields, those of the pipelines among them; the prompt stands before the options."""
    schema = document["components"]["schemas"]["JobRequest"]
    names = list(schema["properties"])

    assert schema["additionalProperties"] is False
    assert {"prompt", "guidance_rescale", "eta", "size", "webhook"} <= set(names)
    assert (
        names.index("prompt") < names.index("num_inference_steps") < names.index("priority") < names.index("metadata")
    )
    assert "guidance_rescale" in post({"prompt": "a mug", "guidance_rescale": 0.5}).get_json()["request"]


def test_the_server_is_the_public_address(document: dict[str, Any]) -> None:
    """Whatever address the document was fetched from."""
    assert document["servers"] == [{"url": get_settings().public_url}]


def test_the_page_opens_on_the_operations(client: FlaskClient) -> None:
    """At /docs/ itself, where /docs leads."""
    assert client.get("/docs").headers["Location"] == "docs/"
    page = client.get("/docs/").text

    assert 'id="swagger-ui"' in page
    script = client.get("/docs/show-swagger.js").text
    assert 'url: "openapi.json"' in script
    assert client.get("/docs/openapi.json").get_json() == client.get("/openapi.json").get_json()


def test_every_code_has_a_page(client: FlaskClient) -> None:
    """It says the status, the meaning and what to do; the list has all of them, and an unknown code is 404."""
    listed = client.get("/docs/errors/").text
    for kind in list_error_kinds():
        page = client.get(f"/docs/errors/{kind.code}")
        assert page.status_code == 200
        assert (f"HTTP {kind.status:d}" in page.text, "What to do" in page.text) == (True, True)
        assert f'href="{kind.code}"' in listed
        assert page.text.partition("What to do</h2>\n<p>")[2][:1] not in {"", "\n"}
    assert client.get("/docs/errors/nothing").status_code == 404


def test_a_problem_leads_to_its_page(client: FlaskClient, post: Post) -> None:
    """By its type."""
    for answer in (post({"colour": "red"}), post("{"), client.get("/v1/jobs"), client.get("/nothing")):
        problem = answer.get_json(force=True)
        assert problem["type"] == f"{get_settings().public_url}/docs/errors/{problem['code']}"
        assert problem["code"] in client.get(problem["type"].removeprefix(get_settings().public_url)).text


def _send_draft(client: FlaskClient, headers: dict[str, str]) -> str:
    sweep: str = client.post("/v1/sweeps", json={"prompts": ["a mug"], "draft": True}, headers=headers).get_json()["id"]
    return sweep


def _make_board(client: FlaskClient, headers: dict[str, str], *, number: int) -> str:
    board: str = client.post("/v1/boards", json={"name": f"Board {number}"}, headers=headers).get_json()["id"]
    return board


def _fill_in(body: Any, ids: dict[str, str]) -> Any:
    """The body with the ids of things that are there instead of an example's."""
    text = json.dumps(body)
    for prefix, name in (("art", "output_id"), ("board", "board_id")):
        text = re.sub(rf"\b{prefix}_0199[0-9a-f]{{28}}", ids[name], text)
    return json.loads(text)


def _send_file(client: FlaskClient, headers: dict[str, str], *, number: int) -> str:
    """The id of a new file."""
    picture = BytesIO()
    Image.new("RGB", (8, 8), (number, 0, 0)).save(picture, "PNG")
    sent = client.post("/v1/files", data=picture.getvalue(), headers=headers | {"Content-Type": "image/png"})
    file_id: str = sent.get_json()["id"]
    return file_id


@pytest.mark.slow
@pytest.mark.usefixtures("database")
def test_every_example_is_answered_as_documented(
    document: dict[str, Any], client: FlaskClient, post: Post, api_key: str
) -> None:
    """Each operation with each example of its body, on things that are there: a success that its schema describes."""
    headers = {"Authorization": f"Bearer {api_key}"}
    job = post({"prompt": "a mug"}).get_json()["id"]
    client.post(f"/v1/jobs/{job}/cancel", headers=headers)
    deletion = client.delete(f"/v1/jobs/{job}", headers=headers).get_json()["id"]
    client.post("/v1/webhook-endpoints", json={"url": "https://example.com/"}, headers=headers)
    post({"prompt": "a mug"})
    finish_one()
    deliveries = client.get("/v1/webhook-deliveries", headers=headers).get_json()["data"]
    output = client.get("/v1/outputs", headers=headers).get_json()["data"][0]["id"]
    # So that the example which deletes all but favourites leaves it.
    client.patch(f"/v1/outputs/{output}", json={"favourite": True}, headers=headers)
    checked = 0
    for name, operation in _operations(document):
        method, path = name.split()
        bodies = (
            operation.get("requestBody", {}).get("content", {}).get(_JSON, {}).get("examples", {"": {"value": None}})
        )
        for body in (each["value"] for each in bodies.values()):
            endpoint = client.post("/v1/webhook-endpoints", json={"url": "https://example.com/"}, headers=headers)
            ids = {
                "job_id": post({"prompt": "a mug"}).get_json()["id"],
                "delivery_id": deliveries[0]["id"],
                "model_id": "picturebook",
                "deletion_id": deletion,
                "endpoint_id": endpoint.get_json()["id"],
                "sweep_id": _send_draft(client, headers),
                "file_id": _send_file(client, headers, number=checked),
                "style_name": f"style-{checked}",
            }
            ids["output_id"], ids["board_id"] = output, _make_board(client, headers, number=checked)
            style = {"name": ids["style_name"], "title": "T", "prompt": "{prompt}", "example": "a mug"}
            client.post("/v1/styles", json=style, headers=headers)
            if path.endswith(("/receipt", "/replay")):
                while finish_one() != parse_id("job", ids["job_id"]):
                    """Those that were sent before it."""
            if method == "DELETE" or path.endswith("/retry"):
                client.post(f"/v1/jobs/{ids['job_id']}/cancel", headers=headers)
            if method == "PUT":
                ids["job_id"] = f"order-{checked}"
            answer = client.open(path.format(**ids), method=method, json=_fill_in(body, ids), headers=headers)
            client.delete(f"/v1/webhook-endpoints/{ids['endpoint_id']}", headers=headers)

            described = operation["responses"][str(answer.status_code)]
            # No step is drawn here, and the file of the example's sha256 was not sent.
            may_be_absent = path.endswith("/preview") or name == "POST /v1/files"
            assert answer.status_code < 300 or (may_be_absent and answer.status_code == 404), answer.text
            if answer.mimetype == _JSON and answer.data:
                _check(answer.get_json(), described["content"][_JSON]["schema"], document)
            checked += 1
    assert checked > 15
