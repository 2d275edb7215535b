"""Jobs that start from images: what POST /v1/jobs takes, what it keeps, and what the worker gets."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from uuid import UUID

import httpx2
import numpy as np
from PIL import Image
from sqlalchemy import select, text

from core.artifacts.storage import bucket
from core.artifacts.tables import Artifact
from core.database import transaction
from infra.local import LocalStack
from tests.integration.attempts import claim_one, succeed
from tests.integration.conftest import Post
from tests.integration.input_pictures import load_pictures, pixel, stored_for
from tests.unit.pictures import data_uri, encode, picture, png_uri


def test_an_image_becomes_a_stored_input(servers: LocalStack, post: Post) -> None:
    """The job names its input by id and shows it with its size, sha256 and a link that works. What is stored is a PNG of
    our own that shows the same pixels.
    """
    body = encode(picture(64, 48), "JPEG")
    job = post({"prompt": "a mug", "image": data_uri(body, "image/jpeg"), "strength": 0.6}).get_json()

    [shown] = job["inputs"]
    assert job["task"] == "image-to-image"
    assert job["request"]["image"] == shown["id"]
    assert job["request"]["strength"] == 0.6
    assert (shown["field"], shown["media_type"], shown["width"], shown["height"]) == ("image", "image/png", 64, 48)
    stored = httpx2.get(shown["url"]).content
    assert (shown["byte_size"], shown["sha256"]) == (len(stored), hashlib.sha256(stored).hexdigest())
    with Image.open(io.BytesIO(body)) as sent, Image.open(io.BytesIO(stored)) as ours:
        assert ours.format == "PNG"
        assert np.array_equal(np.asarray(sent), np.asarray(ours))
    assert stored_for(job) == [f"inputs/{job['id']}/image.png"]
    assert base64.b64encode(body).decode()[:40] not in json.dumps(job)


def test_the_size_follows_the_image(post: Post) -> None:
    """Without width and height the job draws as large as its image is; with one of them, in its proportions."""
    plain = post({"prompt": "a mug", "image": png_uri(160, 80)}).get_json()["request"]
    large = post({"prompt": "a mug", "image": png_uri(1000, 500)}).get_json()["request"]
    wide = post({"prompt": "a mug", "image": png_uri(160, 80), "width": 80}).get_json()["request"]
    none = post({"prompt": "a mug"}).get_json()["request"]

    sizes = [(request["width"], request["height"]) for request in (plain, large, wide, none)]
    assert sizes == [(160, 80), (512, 256), (80, 40), (256, 256)]


def test_the_worker_gets_what_pipelines_take(servers: LocalStack, post: Post) -> None:
    """Images come out upright, flattened, RGB or L, and exactly as large as the job draws."""
    see_through = picture(64, 48, mode="RGBA", colour=(255, 0, 0, 0))
    mask = picture(32, 24, mode="L", colour=255)
    mask.paste(0, (0, 0, 16, 24))
    post(
        {
            "prompt": "a mug",
            "image": data_uri(encode(see_through)),
            "mask_image": data_uri(encode(mask)),
            "width": 96,
            "height": 64,
        }
    )

    images = load_pictures(claim_one())

    assert {field: (image.mode, image.size) for field, image in images.items()} == {
        "image": ("RGB", (96, 64)),
        "mask_image": ("L", (96, 64)),
    }
    assert pixel(images["image"], 50, 30) == (255, 255, 255)
    assert (pixel(images["mask_image"], 10, 30), pixel(images["mask_image"], 90, 30)) == (0, 255)


def test_an_output_can_be_changed_further(servers: LocalStack, account_id: UUID, post: Post) -> None:
    """A job takes the output of an earlier one by its id, and its size from it; nothing is stored twice."""
    post({"prompt": "a mug"})
    attempt = claim_one()
    body = encode(picture(128, 128, colour="blue"))
    key = f"artifacts/job_{attempt.job_id.hex}/1/0.png"
    bucket().put(key, body, media_type="image/png", sha256=hashlib.sha256(body).hexdigest())
    succeed(attempt)
    with transaction() as session:
        session.execute(text("update artifacts set sha256 = :digest"), {"digest": hashlib.sha256(body).hexdigest()})
        output_id = f"art_{session.scalars(select(Artifact.id)).one().hex}"

    job = post({"prompt": "a green mug", "image": output_id}).get_json()

    assert (job["request"]["image"], job["request"]["width"], job["inputs"][0]["id"]) == (output_id, 128, output_id)
    assert stored_for(job) == []
    assert pixel(load_pictures(claim_one())["image"], 5, 5) == (0, 0, 255)


def test_an_input_can_be_used_again(servers: LocalStack, post: Post) -> None:
    """An image that was sent once needs not be sent twice."""
    first = post({"prompt": "a mug", "image": png_uri()}).get_json()

    second = post({"prompt": "a lamp", "image": first["inputs"][0]["id"]})

    assert second.status_code == 202
    assert second.get_json()["inputs"][0]["sha256"] == first["inputs"][0]["sha256"]


def test_inputs_belong_to_no_list_of_outputs(servers: LocalStack, post: Post) -> None:
    """A job that ended shows its input beside its output; polling a list shows the same."""
    job = post({"prompt": "a mug", "image": png_uri()}).get_json()
    succeed(claim_one())

    with transaction() as session:
        kinds = session.execute(
            select(Artifact.kind, Artifact.attempt_id.is_not(None)).order_by(Artifact.created_at)
        ).all()
    assert [tuple(row) for row in kinds] == [("input", False), ("output", True)]
    with transaction() as session:
        [data] = session.scalars(text("select data from webhook_events where type = 'job.succeeded'")).all()
    assert [shown["id"] for shown in data["inputs"]] == [job["inputs"][0]["id"]]
    assert [shown["url"] for shown in data["inputs"]] == [None]
    assert len(data["outputs"]) == 1
    assert job["inputs"][0]["id"] not in json.dumps(data["outputs"])
