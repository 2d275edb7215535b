"""Pictures that are sent by themselves: what is stored, shown and kept of them, and jobs that start from them."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text

from core.accounts.manage_keys import issue_api_key
from core.artifacts.storage import bucket
from core.database import transaction
from core.settings import get_settings
from infra.local import LocalStack
from tests.integration.attempts import cancel, claim_one, succeed
from tests.integration.conftest import Post
from tests.integration.input_pictures import errors_of, load_pictures, pixel
from tests.integration.sent_files import Files, broken_rules, file_id_of, list_stored_files, pass_files_time
from tests.unit.pictures import encode, picture, png_uri
from worker.maintenance.apply_retention import apply_retention
from worker.maintenance.delete_orphans import delete_orphans

_ABSENT = "file_" + "0" * 32


@pytest.fixture
def files(servers: LocalStack, client: FlaskClient, api_key: str) -> Files:
    """The account's files."""
    return Files(client, api_key)


@pytest.fixture
def others_files(client: FlaskClient, other_account_id: UUID) -> Files:
    """Another account's files."""
    with transaction() as session:
        key = issue_api_key(
            session,
            account_id=other_account_id,
            pepper=get_settings().api_key_pepper.get_secret_value(),
        )
    return Files(client, key)


def test_a_picture_is_stored_and_shown(files: Files) -> None:
    """201 with what was sent and what is stored; the link gives a PNG of our own with the same pixels."""
    body = encode(picture(64, 48, colour=(10, 120, 200)), "WEBP", lossless=True)

    answer = files.send(body)

    shown = answer.get_json()
    assert (answer.status_code, answer.headers["Location"].rpartition("/")[2]) == (201, shown["id"])
    assert shown["id"].startswith("file_")
    assert (shown["media_type"], shown["width"], shown["height"], shown["warnings"]) == ("image/png", 64, 48, [])
    assert (shown["sent_byte_size"], shown["sent_sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    stored = httpx2.get(shown["url"]).content
    assert (shown["byte_size"], shown["sha256"]) == (len(stored), hashlib.sha256(stored).hexdigest())
    with Image.open(io.BytesIO(stored)) as ours:
        assert ours.format == "PNG"
        assert np.array_equal(np.asarray(ours), np.full((48, 64, 3), (10, 120, 200)))
    read = files.call("GET", f"/files/{shown['id']}").get_json()
    assert {name: read[name] for name in read if not name.startswith("url")} == {
        name: shown[name] for name in shown if not name.startswith("url")
    }
    assert broken_rules(shown["id"]) == []


def test_the_body_itself_may_be_the_picture(files: Files) -> None:
    """A body of an image type, of any that says nothing, or of a wrong one: its bytes decide."""
    body = encode(picture(colour="blue"), "GIF")

    answers = [files.send_raw(body, kind) for kind in ("image/gif", "application/octet-stream", "image/png")]

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert len({answer.get_json()["id"] for answer in answers}) == 1


def test_metadata_of_strangers_is_gone(files: Files, post: Post) -> None:
    """EXIF, GPS and a comment are neither in the stored file nor in what jobs that start from it hand out; the orientation
    is applied.
    """
    exif = Image.Exif()
    exif[0x0112] = 6  # turned to the right
    exif[0x010E] = "a secret description"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    body = encode(picture(64, 48), "JPEG", exif=exif, comment=b"a secret comment")
    assert b"secret" in body

    shown = files.send(body).get_json()
    job = post({"prompt": "a mug", "image": shown["id"]}).get_json()

    assert (shown["width"], shown["height"]) == (48, 64)
    for url in (shown["url"], job["inputs"][0]["url"]):
        stored = httpx2.get(url).content
        assert b"secret" not in stored
        with Image.open(io.BytesIO(stored)) as ours:
            assert (dict(ours.getexif()), ours.info) == ({}, {})


def test_the_same_bytes_are_one_file(files: Files) -> None:
    """Sent twice, also at once, they are one file and one object, which is kept as if it were new."""
    body = encode(picture(colour="green"))
    before = len(list_stored_files())
    with ThreadPoolExecutor(3) as clients:
        answers = list(clients.map(lambda client: client.send(body), [files.beside() for _ in range(3)]))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert len(list_stored_files()) == before + 1
    pass_files_time(file_id_of(answers[0].get_json()))
    again = files.send(body)
    assert again.get_json()["expires_at"] > again.get_json()["created_at"]


def test_asked_by_its_sha256(files: Files, others_files: Files) -> None:
    """Before a byte is sent: 200 with the account's file, 404 for any other bytes and for those of another account."""
    body = encode(picture(colour="black"))
    digest = hashlib.sha256(body).hexdigest()
    unknown = files.ask(digest)
    others_files.send(body)
    still_unknown = files.ask(digest)
    sent = files.send(body).get_json()

    known = files.ask(digest.upper())

    for answer in (unknown, still_unknown):
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "file_unknown")
    assert (known.status_code, known.get_json()["id"]) == (200, sent["id"])
    assert errors_of(files.ask("0" * 63)).keys() == {"sha256"}
    assert errors_of(files.ask(7)).keys() == {"sha256"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "is not a PNG"),
        (b"", "is not a PNG"),
        (encode(picture())[:60], "is a broken PNG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
    ],
)
def test_what_is_no_picture_is_refused(files: Files, body: bytes, reason: str) -> None:
    """422 that names the part and says why; nothing is stored."""
    before = list_stored_files()

    assert reason in errors_of(files.send(body))["file"]

    assert list_stored_files() == before


def test_a_bomb_ends_in_its_decoder(files: Files) -> None:
    """A small file of too many pixels is refused before they are decoded."""
    body = encode(Image.new("1", (20_000, 20_000)))

    assert "pixels" in errors_of(files.send(body))["file"]


def test_a_malformed_body_is_refused(files: Files) -> None:
    """Other parts, no part, two parts and no multipart at all: each says what is wrong."""
    wrong = files.send(encode(picture()), part="image")
    assert errors_of(wrong) == {"image": "is not taken here: send one part, `file`"}
    empty = files.send_raw(b"--x--\r\n", "multipart/form-data; boundary=x")
    assert errors_of(empty)["file"].startswith("is required")
    part = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nbytes\r\n'
    assert "twice" in errors_of(files.send_raw(part + part + b"--x--\r\n", "multipart/form-data; boundary=x"))["file"]
    for body, kind, status in (
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
        (b"anything", "multipart/form-data; boundary=x", 400),
        (b"anything", "multipart/form-data", 400),
        (b"anything", "text/plain", 415),
        (b"{", "application/json", 400),
    ):
        assert files.send_raw(body, kind).status_code == status, (body, kind)
    assert files.send_raw(encode(picture()), Content_Encoding="gzip").status_code == 415


def test_a_file_that_is_too_long_is_refused(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """413, whether the request says its length or not, and the longest that is taken is taken."""
    body = encode(picture(colour=(1, 2, 3)))
    monkeypatch.setenv("FILE_MAX_BYTES", str(len(body)))
    get_settings.cache_clear()
    try:
        taken, refused = files.send(body), files.send(body + b"\0")
        raw = files.send_raw(body + b"\0")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()

    assert [answer.status_code for answer in (taken, refused, raw)] == [201, 413, 413]
    assert raw.get_json(force=True)["code"] == "body_too_large"


def test_a_quota_for_each_account(files: Files, others_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """409 (`too_many_files`) beyond a number of files, or of bytes; what the account has can still be sent, and one that is
    deleted counts no more.
    """
    first = files.send(encode(picture(colour="red")))
    size = first.get_json()["byte_size"]
    for limits in ({"ACCOUNT_MAX_FILES": "1"}, {"ACCOUNT_MAX_FILE_BYTES": str(2 * size - 1)}):
        for name, value in limits.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        try:
            refused = files.send(encode(picture(colour="yellow")))
            again = files.send(encode(picture(colour="red")))
        finally:
            monkeypatch.undo()
            get_settings.cache_clear()
        assert (refused.status_code, refused.get_json(force=True)["code"]) == (409, "too_many_files")
        assert again.status_code == 200
    assert others_files.send(encode(picture(colour="yellow"))).status_code == 201


def test_an_idempotency_key_belongs_to_its_bytes(files: Files, account_id: UUID) -> None:
    """The same key and bytes lead to the same file; other bytes, or a job, have to have another key; what was deleted since is
    not made again.
    """
    body, other = encode(picture(colour="pink")), encode(picture(colour="navy"))
    first = files.send(body, Idempotency_Key="upload-1")
    again = files.send(body, Idempotency_Key="upload-1")
    wrong = files.send(other, Idempotency_Key="upload-1")
    files.call("DELETE", f"/files/{first.get_json()['id']}")
    gone = files.send(body, Idempotency_Key="upload-1")

    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (201, 200, "true")
    assert "Idempotent-Replayed" not in first.headers
    assert (wrong.status_code, wrong.get_json(force=True)["code"]) == (422, "idempotency_key_reused")
    assert (gone.status_code, gone.get_json(force=True)["code"]) == (410, "file_deleted")
    assert files.send(body).status_code == 201


def test_jobs_start_from_files(files: Files, post: Post) -> None:
    """A job takes a file by its id in every field of pictures, and shows it as its input; nothing is stored twice."""
    image = files.send(encode(picture(96, 64, colour="red"))).get_json()
    mask = files.send(encode(picture(96, 64, mode="L", colour=255))).get_json()

    job = post({"prompt": "a mug", "image": image["id"], "mask_image": mask["id"]}).get_json()

    assert (job["task"], job["request"]["image"]) == ("inpainting", image["id"])
    assert (job["request"]["width"], job["request"]["height"]) == (96, 64)
    assert [(shown["field"], shown["id"], shown["sha256"]) for shown in job["inputs"]] == [
        ("image", image["id"], image["sha256"]),
        ("mask_image", mask["id"], mask["sha256"]),
    ]
    assert [key for key, _ in bucket().list_objects(f"inputs/{job['id']}/")] == []
    attempt = claim_one()
    assert pixel(load_pictures(attempt)["image"], 5, 5) == (255, 0, 0)
    succeed(attempt)
    with transaction() as session:
        [data] = session.scalars(text("select data from webhook_events where type = 'job.succeeded'")).all()
    assert [shown["id"] for shown in data["inputs"]] == [image["id"], mask["id"]]


def test_a_link_to_an_own_image_is_that_image(files: Files, post: Post, others_files: Files) -> None:
    """A download address of the account's file or artifact is recognised, also when it works no more; another account's is
    an address like any other.
    """
    file = files.send(encode(picture(colour="red"))).get_json()
    others = others_files.send(encode(picture(colour="red"))).get_json()
    first = post({"prompt": "a mug", "image": file["url"]}).get_json()
    inlined = post({"prompt": "a mug", "image": png_uri(colour="blue")}).get_json()
    [artifact] = inlined["inputs"]

    second = post({"prompt": "a mug", "image": artifact["url"].partition("?")[0]}).get_json()
    refused = post({"prompt": "a mug", "image": others["url"]})

    assert first["request"]["image"] == file["id"]
    assert second["request"]["image"] == artifact["id"]
    assert "must start with https://" in errors_of(refused)["image"]


def test_what_is_not_ones_own_is_not_there(files: Files, others_files: Files, post: Post) -> None:
    """Another account's file, an id of the other kind, and a deleted one: 404, 410, and 422 for a job."""
    others = others_files.send(encode(picture())).get_json()["id"]
    own = files.send(encode(picture())).get_json()["id"]
    for method in ("GET", "DELETE"):
        for path in (f"/files/{others}", f"/files/{_ABSENT}", "/files/anything"):
            answer = files.call(method, path)
            assert (answer.status_code, answer.get_json(force=True)["code"]) == (404, "file_not_found"), path
    for image in (others, _ABSENT):
        assert errors_of(post({"prompt": "a", "image": image})) == {"image": "there is no such file"}
    assert errors_of(post({"prompt": "a", "image": own.replace("file", "art")})) == {
        "image": "there is no such artifact"
    }
    files.call("DELETE", f"/files/{own}")
    assert errors_of(post({"prompt": "a", "image": own})) == {"image": "this file has been deleted"}
    assert files.call("GET", f"/files/{own}").status_code == 410


def test_files_are_listed_newest_first(files: Files, others_files: Files) -> None:
    """Pages of one's own files, without those that were deleted."""
    sent = [files.send(encode(picture(8 + number, 8))).get_json()["id"] for number in range(5)]
    others_files.send(encode(picture()))
    files.call("DELETE", f"/files/{sent[1]}")
    first = files.call("GET", "/files?limit=3").get_json()
    second = files.call("GET", f"/files?limit=3&cursor={first['next_cursor']}").get_json()

    assert [file["id"] for file in first["data"] + second["data"]] == [sent[4], sent[3], sent[2], sent[0]]
    assert second["next_cursor"] is None
    assert files.call("GET", "/files?colour=red").status_code == 422


def test_a_deletion_leaves_a_receipt(files: Files) -> None:
    """The object goes, the receipt says which and when, and stands beside those of jobs; deleting again gives it again."""
    file = files.send(encode(picture())).get_json()
    receipt = files.call("DELETE", f"/files/{file['id']}")
    again = files.call("DELETE", f"/files/{file['id']}")

    shown = receipt.get_json()
    assert (receipt.status_code, shown["status"], shown["file_id"], shown["job_id"]) == (
        200,
        "completed",
        file["id"],
        None,
    )
    [gone] = shown["objects"]
    assert (gone["key"], gone["kind"], gone["sha256"]) == (f"files/{file['id']}.png", "file", file["sha256"])
    assert gone["deleted_at"] is not None
    assert again.get_json() == shown
    assert files.call("GET", f"/deletions/{shown['id']}").get_json() == shown
    assert files.call("GET", "/deletions").get_json()["data"] == [shown]
    assert f"files/{file['id']}.png" not in list_stored_files()
    apply_retention()
    with transaction() as session:
        assert session.scalars(text("select count(*) from artifacts")).one() == 0
    assert broken_rules(file["id"]) == []


def test_a_file_is_kept_while_a_job_needs_it(files: Files, post: Post, account_id: UUID) -> None:
    """Neither a deletion nor its time takes a file from a job that has not ended; after that both do, and the job stays."""
    file = files.send(encode(picture(128, 128))).get_json()
    job = post({"prompt": "a mug", "image": file["id"]}).get_json()
    refused = files.call("DELETE", f"/files/{file['id']}")
    pass_files_time(file_id_of(file))
    apply_retention()

    assert (refused.status_code, refused.get_json(force=True)["code"]) == (409, "file_in_use")
    assert job["id"] in refused.get_json(force=True)["detail"]
    claim = claim_one()
    assert pixel(load_pictures(claim)["image"], 1, 1) == (255, 0, 0)
    assert broken_rules(file["id"]) == []
    cancel(account_id, claim.job_id)
    with transaction() as session:
        session.execute(text("update jobs set status = 'cancelled', finished_at = now() where status = 'running'"))
        session.execute(text("update job_attempts set status = 'cancelled', finished_at = now()"))

    pass_files_time(file_id_of(file))
    apply_retention()
    [shown] = files.call("GET", f"/jobs/{job['id']}").get_json()["inputs"]
    assert (shown["id"], shown["url"]) == (file["id"], None)
    assert shown["deleted_at"] is not None
    assert f"files/{file['id']}.png" not in list_stored_files()
    assert files.call("GET", f"/files/{file['id']}").status_code == 410


def test_the_deletion_of_a_job_leaves_its_file(files: Files, post: Post, account_id: UUID) -> None:
    """What a job started from by id is not the job's: it stays, and can be deleted without it."""
    file = files.send(encode(picture())).get_json()
    job = post({"prompt": "a mug", "image": file["id"]}).get_json()
    files.call("POST", f"/jobs/{job['id']}/cancel")

    assert files.call("DELETE", f"/jobs/{job['id']}").status_code == 200

    assert files.call("GET", f"/files/{file['id']}").status_code == 200
    assert httpx2.get(file["url"]).status_code == 200


def test_a_file_expires_as_its_account_says(files: Files, account_id: UUID) -> None:
    """The shorter of FILE_RETENTION_SECONDS and the account's retention of images."""
    with transaction() as session:
        session.execute(text("update accounts set artifact_retention_seconds = 60"))
    short = files.send(encode(picture(colour="red"))).get_json()
    with transaction() as session:
        session.execute(text("update accounts set artifact_retention_seconds = 0"))
    usual = files.send(encode(picture(colour="blue"))).get_json()
    with transaction() as session:
        seconds = session.scalars(
            text("select extract(epoch from expires_at - created_at)::int from artifacts order by id")
        ).all()

    assert (seconds[0], seconds[1]) == (60, get_settings().file_retention_seconds)
    pass_files_time(file_id_of(short))
    apply_retention()
    assert files.call("GET", f"/files/{short['id']}").status_code == 404
    assert files.call("GET", f"/files/{usual['id']}").status_code == 200
    assert [key for key in list_stored_files() if short["id"] in key] == []
    assert broken_rules(short["id"], usual["id"]) == []


def test_files_of_no_row_are_swept_up(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """F79: the API died between the store and the commit: the object goes after the grace, and what is committed stays."""
    kept = files.send(encode(picture(colour="teal"))).get_json()["id"]
    lost = kept[:-4] + "dead"
    bucket().put(f"files/{lost}.png", b"bytes", media_type="image/png", sha256="0" * 64)
    monkeypatch.setenv("ORPHAN_GRACE_SECONDS", "0")
    get_settings.cache_clear()
    try:
        delete_orphans()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()

    stored = list_stored_files()
    assert (f"files/{kept}.png" in stored, f"files/{lost}.png" in stored) == (True, False)
