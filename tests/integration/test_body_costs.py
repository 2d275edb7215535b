"""What a refused body may cost: memory and errors are counted, since times say nothing on a busy machine."""

from __future__ import annotations

import base64
import json
import mmap
import tracemalloc
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import ValidationError

from api.parse_json import MOST_NAMES, MOST_VALUES, parse_json
from bench.bodies.shapes import BODY_BYTES, FIELDS, list_bodies
from core.jobs.request import refused_fields
from core.jobs.request.input_images import list_image_names
from core.jobs.request.render_request import RenderRequest
from core.pictures.picture_text import PictureText
from tests.integration.attempts import count_jobs
from tests.integration.conftest import Post
from tests.unit.pictures import data_uri, encode, picture

#: Bytes above the body itself.
MOST_BYTES = 20_000_000

#: pydantic builds an error for each thing that is wrong; a request has places for a few hundred.
MOST_ERRORS = 2_500


@pytest.mark.slow
@pytest.mark.parametrize("path", FIELDS)
def test_a_refused_body_costs_little_memory(client: FlaskClient, api_key: str, path: str) -> None:
    """Every kind of value in every field, 1 MiB each, is refused within the limit, and none of it is a job."""
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    client.post(path, data=b"{}", headers=headers)
    costs: dict[str, int] = {}
    for name, body in list_bodies(path):
        if path == "/v1/jobs" and not name.startswith(
            ("prompt:", "loras", "metadata", "seed", "image:", "an_", "the ", "br", "un")
        ):
            continue
        assert len(body) <= BODY_BYTES
        tracemalloc.start()
        response = client.post(path, data=body, headers=headers)
        costs[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert response.status_code in {400, 413, 422}, name
        assert len(response.data) < 20_000, name

    assert {name: cost for name, cost in costs.items() if cost > MOST_BYTES} == {}
    assert count_jobs() == 0


@pytest.mark.slow
def test_no_body_makes_thousands_of_errors() -> None:
    """Lists and labels are counted before their items are checked."""
    built: dict[str, int] = {}
    parsed: dict[str, Any] = {}
    for name, body in list_bodies("/v1/jobs"):
        field, _, kind = name.partition(": ")
        try:
            if field not in FIELDS["/v1/jobs"]:
                value = parse_json(bytearray(body))
            elif kind in parsed:
                # Parsing takes most of the time, and the same value is parsed alike in every field.
                value = {"prompt": "a mug", "seed": -1, field: parsed[kind]}
            else:
                value = parse_json(bytearray(body))
                parsed[kind] = value[field]
        except Exception:  # noqa: BLE001  (refused earlier still)
            continue
        try:
            RenderRequest.model_validate(value)
        except ValidationError as error:
            built[name] = error.error_count()

    assert len(built) > 500
    assert max(built.values()) < MOST_ERRORS


@pytest.mark.parametrize("field", ["loras", "metadata"])
def test_items_beyond_the_limit_are_not_looked_at(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One error for a list or an object that is too long, however wrong its items are."""
    value: Any = [0] * 9 if field == "loras" else {f"k{number}": 0 for number in range(33)}

    with pytest.raises(ValidationError) as error:
        RenderRequest.model_validate({"prompt": "a mug", field: value})
    assert [(each["loc"], each["type"]) for each in error.value.errors()] == [((field,), "value_error")]


def test_a_text_is_measured_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The characters of a text that is too long are not looked at."""
    looked_at: list[str] = []
    monkeypatch.setattr(refused_fields, "is_blank", looked_at.append)

    with pytest.raises(ValidationError, match="at most 4000 characters"):
        RenderRequest.model_validate({"prompt": "\u200b" * 4001})
    assert looked_at == []


@pytest.mark.parametrize(
    "value",
    [
        {"prompt": "a, [mug], {red}" * 200, "metadata": {f"k{n}": "[,{" * 170 for n in range(32)}},
        {"a": [0] * (MOST_VALUES - 2)},
        {f"f{n}": '\\",[' for n in range(MOST_NAMES)},
        {"text": "\\", "next": '"', "": [[], {}, None, True, -0.5e-7]},
        {"long": 'q"' * 5000, "longer": "\\" * 5000, "image": "A" * 1023, "x" * 5000: "y" * 5000},
        {"image": "A" * 5000, "mask": ["B" * 2000, {"c": "C" * 2000}]},
        {"image": "data:image/png;base64,AA+/" + "A\r\n" * 2000},
        {"image": "data:image/png;base64," + "ü" * 2000},
        "A" * 5000,
        [],
    ],
    ids=lambda value: str(value)[:32],
)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_what_is_taken_apart_comes_back_whole(value: Any, ensure_ascii: bool) -> None:
    """Whatever strings hold, the parsed body is the JSON's."""
    text = json.dumps(value, ensure_ascii=ensure_ascii)

    assert parse_json(bytearray(text.encode())) == value
    assert parse_json(bytearray(text.replace("/", "\\/").encode())) == value
    assert parse_json(bytearray(text.replace("+", "\\u002B").encode())) == value


@pytest.mark.parametrize("write", [str, lambda uri: uri.replace("/", "\\/"), lambda uri: uri.replace("+", "\\u002B")])
@pytest.mark.parametrize("head", ["data:image/png;base64,", "data:;base64,", ""])
def test_pictures_do_not_count_however_they_are_written(post: Post, head: str, write: Any) -> None:
    """2 MiB of picture as a data URI or bare, with escaped slashes or plus signs: it reaches the decoder, which refuses it."""
    uri = head + base64.b64encode(b"\xfb\xff" * 2**20).decode()

    response = post(f'{{"prompt": "a mug", "image": "{write(uri)}"}}')

    assert response.status_code == 422
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == ["image"]


@pytest.mark.parametrize(
    "rest",
    [
        '"x": [' + '"data:image/png;base64,",' * 100_000 + "0]",
        '"x": ' + "[" * 600_000 + "]" * 600_000,
        '"x": "' + "data:image/png;base64, <script>" * 50_000 + '"',
        '"x": [' + ('"' + "A" * 1000 + '",') * 1100 + "0]",
        '"x": {' + ",".join('"' + "A" * 2000 + f'{number}":0' for number in range(600)) + "}",
    ],
    ids=["short URIs", "depth", "text that begins as a URI", "strings too short for pictures", "names"],
)
def test_an_ordinary_body_is_not_smuggled_in_as_pictures(post: Post, rest: str) -> None:
    """Only long strings in the characters of base64 are pictures; 1 MiB of anything else is 413."""
    assert len(rest) > 2**20

    assert post(f'{{"prompt": "a mug", {rest}}}').status_code == 413


def test_a_large_body_is_held_once(post: Post) -> None:
    """A picture of 20 MiB is taken from a body, with an emoji in its prompt, without a second copy of its text."""
    body = '{"prompt": "a mug 🍵", "image": "data:image/png;base64,' + "A" * 28_000_000 + '"}'
    data = bytearray(body.encode())

    tracemalloc.start()
    value = parse_json(data, picture_fields=["image"])
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(value["image"]) > 28_000_000
    assert peak < 1_000_000
    assert kept < 100_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"prompt": "a mug", "image": "' + data_uri(encode(picture(64, 48)) + bytes(200_000)) + '"}', 202),
        ('{"prompt": "a mug", "image": "data:image/png;base64,' + "A" * 200_000 + '"}', 422),
        ('{"prompt": 1, "image": "data:image/png;base64,' + "A" * 200_000 + '"}', 422),
        ('{"prompt": "a mug", "image": "' + "A" * 200_000 + '"', 400),
        ('{"prompt": "a mug", "image": "' + "A" * 200_000 + '", "x": "' + "?" * 2**20 + '"}', 413),
    ],
    ids=["a job", "no picture", "another field", "broken", "too long"],
)
def test_the_memory_of_a_large_body_is_released_with_its_request(
    post: Post, monkeypatch: pytest.MonkeyPatch, body: str, status: int
) -> None:
    """Whatever the answer is, and not only when the last trace of an error is collected."""
    taken: list[mmap.mmap] = []

    class Pages(mmap.mmap):
        def __init__(self, *_: object) -> None:
            taken.append(self)

    monkeypatch.setattr("api.body_memory.mmap.mmap", Pages)

    assert post(body).status_code == status
    assert [each.closed for each in taken] == [True]


def test_every_image_field_takes_a_picture_as_it_stands_in_the_body() -> None:
    """By each of its names; a name that is left out would cost a copy of its megabytes."""
    names = list_image_names()

    assert {"image", "init_image", "mask_image", "mask", "control_image"} <= {*names}
    for name in names:
        picture_text = PictureText([b"A" * 2000])
        request = RenderRequest.model_validate({"prompt": "a mug", name: picture_text})
        assert [value for _, value in request if isinstance(value, PictureText)] == [picture_text]
    with pytest.raises(ValidationError, match="valid string"):
        RenderRequest.model_validate({"prompt": PictureText([b"A" * 2000])})
