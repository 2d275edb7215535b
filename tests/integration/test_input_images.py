"""Jobs that start from images: what POST /v1/jobs takes, what it keeps, and what the worker gets."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, text

from core.accounts.manage_keys import issue_api_key
from core.artifacts import storage
from core.artifacts.storage import bucket
from core.artifacts.tables import Artifact
from core.database import transaction
from core.errors import ObjectMissing, StorageUnavailable
from core.ids import parse_id
from core.jobs.audit.invariants import list_violations
from core.jobs.audit.stored_objects import list_object_violations, read_digests
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import cancel, claim_one, count_jobs, succeed
from tests.integration.conftest import Post
from tests.unit.pictures import data_uri, encode, picture, png_uri
from worker.maintenance.delete_orphans import delete_orphans
from worker.rendering.errors import RequestRefused
from worker.rendering.images.load_inputs import load_inputs


@pytest.fixture
def other_key(other_account_id: UUID) -> str:
    """A key of another account."""
    with transaction() as session:
        return issue_api_key(
            session, account_id=other_account_id, pepper=get_settings().api_key_pepper.get_secret_value()
        )


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address where no object store listens."""
    clients = (storage.bucket, storage.bucket_in_a_hurry, storage._link_signer, storage._session)

    def forget() -> None:
        get_settings.cache_clear()
        for client in clients:
            client.cache_clear()

    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")
    forget()
    yield
    monkeypatch.undo()
    forget()


def stored_for(job: dict[str, Any]) -> list[str]:
    return [key for key, _ in bucket().list_objects(f"inputs/{job['id']}/")]


def count_stored() -> int:
    return sum(1 for _ in bucket().list_objects("inputs/"))


def errors_of(response: Any) -> dict[str, str]:
    assert response.status_code == 422, response.text
    return {error["field"]: error["message"] for error in response.get_json(force=True)["errors"]}


def pixel(image: Image.Image, x: int, y: int) -> Any:
    return image.getpixel((x, y))


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
    assert sizes == [(160, 80), (256, 128), (80, 40), (128, 128)]


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

    images = load_inputs(claim_one())

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
    assert pixel(load_inputs(claim_one())["image"], 5, 5) == (0, 0, 255)


def test_an_input_can_be_used_again(servers: LocalStack, post: Post) -> None:
    """An image that was sent once needs not be sent twice."""
    first = post({"prompt": "a mug", "image": png_uri()}).get_json()

    second = post({"prompt": "a lamp", "image": first["inputs"][0]["id"]})

    assert second.status_code == 202
    assert second.get_json()["inputs"][0]["sha256"] == first["inputs"][0]["sha256"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"image": 7}, "image"),
        ({"image": ""}, "image"),
        ({"image": "https://example.com/a.png"}, "image"),
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


def test_an_address_is_told_to_be_sent_otherwise(post: Post) -> None:
    """The error for an address says what to send instead."""
    message = errors_of(post({"prompt": "a mug", "image": "https://example.com/a.png"}))["image"]

    assert "not fetched" in message
    assert "data URI" in message


def test_another_accounts_image_looks_like_none(client: FlaskClient, post: Post, other_key: str) -> None:
    """The id of another account's artifact is answered as one that nobody has."""
    mine = post({"prompt": "a mug", "image": png_uri()}).get_json()["inputs"][0]["id"]
    theirs = {"Authorization": f"Bearer {other_key}"}

    taken = client.post("/v1/jobs", json={"prompt": "a mug", "image": mine}, headers=theirs)
    nobodys = client.post("/v1/jobs", json={"prompt": "a mug", "image": f"art_{'0' * 32}"}, headers=theirs)

    assert errors_of(taken) == errors_of(nobodys) == {"image": "there is no such artifact"}


def test_the_same_bytes_are_the_same_request(servers: LocalStack, post: Post) -> None:
    """With an Idempotency-Key, the same image gives the first job and leaves no second object; another one is 422."""
    order = {"prompt": "a mug", "image": png_uri(colour="red")}
    first = post(order, **{"Idempotency-Key": "order-1"})
    before = count_stored()

    again = post(order, **{"Idempotency-Key": "order-1"})
    other = post({**order, "image": png_uri(colour="blue")}, **{"Idempotency-Key": "order-1"})

    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (202, 202, "true")
    assert (again.get_json()["id"], again.get_json()["inputs"][0]["id"]) == (
        first.get_json()["id"],
        first.get_json()["inputs"][0]["id"],
    )
    assert (other.status_code, other.get_json(force=True)["code"]) == (422, "idempotency_key_reused")
    assert count_stored() == before
    assert count_jobs() == 1


def test_a_dead_store_stops_only_jobs_with_images(no_store: None, post: Post) -> None:
    """While the object store is away, a job with an image gets 503 with Retry-After; others are accepted."""
    with_image = post({"prompt": "a mug", "image": png_uri()}, **{"Idempotency-Key": "order-1"})
    without = post({"prompt": "a mug"})

    assert (with_image.status_code, with_image.get_json(force=True)["code"]) == (503, "storage_unavailable")
    assert int(with_image.headers["Retry-After"]) > 0
    assert without.status_code == 202
    assert count_jobs() == 1


def test_a_store_that_is_back_takes_the_same_request(servers: LocalStack, post: Post) -> None:
    """A 503 does not use up the Idempotency-Key."""
    assert post({"prompt": "a", "image": png_uri()}, **{"Idempotency-Key": "k"}).status_code == 202


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


def test_lost_inputs_are_told_apart(servers: LocalStack, post: Post) -> None:
    """An own input that the store lost or changed is the store's failure; an artifact that went is the request's."""
    job = post({"prompt": "a mug", "image": png_uri()}).get_json()
    post({"prompt": "a mug", "image": job["inputs"][0]["id"]})
    own, [key] = claim_one(), stored_for(job)

    bucket().put(key, encode(picture(colour="green")), media_type="image/png", sha256="0" * 64)
    with pytest.raises(StorageUnavailable, match="other bytes"):
        load_inputs(own)

    bucket().delete(key)
    with pytest.raises(ObjectMissing):
        load_inputs(own)

    with transaction() as session:
        session.execute(text("delete from artifacts"))
    with pytest.raises(RequestRefused, match="not there any more"):
        load_inputs(claim_one())


def test_verify_looks_at_inputs(servers: LocalStack, account_id: UUID, post: Post) -> None:
    """`darkroom-admin verify` finds an input that is missing, changed or nobody's, and a job whose input has no row."""
    job = post({"prompt": "a mug", "image": png_uri()}).get_json()
    [key] = stored_for(job)

    def found() -> set[str]:
        with transaction() as session:
            digests = read_digests(session)
            broken = {violation.rule for violation in list_violations(session)}
        violations = list_object_violations(digests, orphan_grace_seconds=-60)
        return broken | {violation.rule for violation in violations if job["id"] in violation.subject}

    assert found() == set()
    bucket().delete(key)
    assert found() == {"every image lies in the bucket"}
    bucket().put(key, b"other", media_type="image/png", sha256="0" * 64)
    assert found() == {"every image has the bytes that were rendered or sent"}
    with transaction() as session:
        session.execute(text("delete from artifacts"))
    assert found() == {
        "no object without an owner outlives the grace",
        "the images that a job starts from are there, and of its own account",
    }
    job_id = parse_id("job", job["id"])
    assert job_id is not None
    cancel(account_id, job_id)
    assert found() == {"no object without an owner outlives the grace"}


def test_inputs_of_no_job_are_swept_up(servers: LocalStack, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input whose job was never committed goes after the grace; those of jobs stay."""
    kept = post({"prompt": "a mug", "image": png_uri()}).get_json()
    lost = kept["id"][:-4] + "dead"
    bucket().put(f"inputs/{lost}/image.png", b"bytes", media_type="image/png", sha256="0" * 64)

    delete_orphans()
    assert len(stored_for({"id": lost})) == 1, "the grace is not over"
    monkeypatch.setenv("ORPHAN_GRACE_SECONDS", "0")
    get_settings.cache_clear()
    try:
        delete_orphans()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()

    assert (stored_for({"id": lost}), len(stored_for(kept))) == ([], 1)
