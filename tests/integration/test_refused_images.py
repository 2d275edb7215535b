"""Pictures that POST /v1/jobs does not take: each is named, and nothing of it is kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import count_jobs
from tests.integration.conftest import Post
from tests.integration.input_pictures import count_stored, errors_of
from tests.unit.pictures import data_uri, encode, png_uri


@pytest.fixture
def other_key(other_account_id: UUID) -> str:
    """A key of another account."""
    with transaction() as session:
        return issue_api_key(
            session, account_id=other_account_id, pepper=get_settings().api_key_pepper.get_secret_value()
        )


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"image": 7}, "image"),
        ({"image": ""}, "image"),
        ({"image": "https://example.com:0/a.png"}, "image"),
        ({"image": "HTTP://example.com/a.png"}, "image"),
        ({"image": "/etc/passwd"}, "image"),
        ({"image": "art_nonsense"}, "image"),
        ({"image": f"art_{'0' * 32}"}, "image"),
        ({"image": "iVBORw0KGgo="}, "image"),
        ({"image": "data:image/png;base64,AAAA"}, "image"),
        ({"image": "half a pair \ud800"}, "image"),
        ({"mask_image": png_uri()}, "mask_image"),
        ({"strength": 0.5}, "strength"),
        ({"image": png_uri(), "strength": 0}, "strength"),
        ({"image": png_uri(), "strength": 1.1}, "strength"),
        ({"image": png_uri(), "strength": 0.1, "num_inference_steps": 5}, "strength"),
        ({"control_image": png_uri()}, "control_image"),
        ({"image": png_uri(), "mask_image": "data:image/png;base64,AAAA"}, "mask_image"),
        ({"image": png_uri(), "width": 264}, "width"),
        ({"image": png_uri(300, 100), "height": 264}, "height"),
        ({"image": png_uri(300, 100), "height": 256}, "height"),
        ({"image": png_uri(100, 300), "width": 256}, "width"),
        ({"image": png_uri(1000, 2)}, "image"),
        ({"image": png_uri(), "clip_skip": 4}, "clip_skip"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_image_is_named(servers: LocalStack, post: Post, fields: dict[str, Any], wrong: str) -> None:
    """What is no image, comes by address, or does not go together is 422 with the field's name; nothing is kept."""
    before = count_stored()

    errors = errors_of(post({"prompt": "a mug", **fields}))

    assert list(errors) == [wrong]
    assert count_jobs() == 0
    assert count_stored() == before


def test_what_is_no_picture_is_told_to_be_sent_otherwise(post: Post) -> None:
    """The error for a text that names nothing says what to send instead."""
    message = errors_of(post({"prompt": "a mug", "image": "cat.png"}))["image"]

    assert "data URI" in message
    assert "https://" in message
    assert "id of a file" in message


def test_another_accounts_image_looks_like_none(client: FlaskClient, post: Post, other_key: str) -> None:
    """The id of another account's artifact is answered as one that nobody has."""
    mine = post({"prompt": "a mug", "image": png_uri()}).get_json()["inputs"][0]["id"]
    theirs = {"Authorization": f"Bearer {other_key}"}

    taken = client.post("/v1/jobs", json={"prompt": "a mug", "image": mine}, headers=theirs)
    nobodys = client.post("/v1/jobs", json={"prompt": "a mug", "image": f"art_{'0' * 32}"}, headers=theirs)

    assert errors_of(taken) == errors_of(nobodys) == {"image": "there is no such artifact"}


def test_the_body_may_be_as_long_as_images_are(client: FlaskClient, post: Post, api_key: str) -> None:
    """An image of 16 MiB is taken; what is long otherwise is refused, here and everywhere else."""
    noise = np.random.default_rng(0).integers(0, 256, (2400, 2400, 3), dtype=np.uint8)
    body = encode(Image.fromarray(noise), compress_level=0)
    assert len(body) > 16 * 2**20

    taken = post({"prompt": "a mug", "image": data_uri(body)})
    padded = post({"prompt": "a mug", "image": png_uri(), "x": [0] * 2**20})
    crumbs = post({"prompt": "a mug", "x": ["data:image/"] * 2**18})
    too_long = post({"prompt": "a mug", "image": "data:image/png;base64," + "A" * 2**25})
    elsewhere = client.post(
        "/v1/webhook-endpoints",
        json={"url": data_uri(body[: 2**21])},
        headers={"Authorization": f"Bearer {api_key}"},
    )

    assert taken.status_code == 202, taken.text
    statuses = [response.status_code for response in (padded, crumbs, too_long, elsewhere)]
    assert statuses == [413, 413, 413, 413]


def test_a_refused_address_does_not_stand_in_the_answer(post: Post) -> None:
    """The error does not echo what was sent, however long it is."""
    response = post({"prompt": "a mug", "image": "https://example.com/" + "secret" * 100_000})

    assert "secret" not in response.text
