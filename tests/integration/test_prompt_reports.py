"""`POST /v1/prompts/check`, and the report of a job: where it is stored, shown and left out."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from core.artifacts.storage import bucket
from core.catalog import get_catalog
from core.database import transaction
from core.ids import parse_id
from core.jobs.events.read_events import read_finished_jobs
from core.jobs.tables import Job
from core.prompts.build_report import build_report
from core.prompts.readers import known_readers
from core.prompts.readers.known_readers import KnownReaders, get_known_readers
from core.prompts.readers.reader import ModelReaders, Reader
from core.prompts.readers.stored_readers import get_tokenizer_json, store_readers
from core.webhooks.tables import WebhookEvent
from tests.conftest import REPOSITORY
from tests.integration.attempts import claim_one, rendered
from tests.integration.conftest import Post
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter

_PROMPT = "two Red mugs 🦊 no cat"
_REPORT = build_report({"prompt": _PROMPT}, None, tokens_missing="nobody has counted").model_dump(mode="json")


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    """As in a process that has just started."""
    get_known_readers.cache_clear()


def _check(client: FlaskClient, api_key: str, **body: Any) -> TestResponse:
    return client.post("/v1/prompts/check", json=body, headers={"Authorization": f"Bearer {api_key}"})


def _store_picturebook() -> bytes:
    """As a worker that has drawn with Picturebook does."""
    json_ = (REPOSITORY / "demo_model/weights/tokenizer/tokenizer.json").read_bytes()
    sha256 = hashlib.sha256(json_).hexdigest()
    reader = Reader(
        tokenizer="tokenizer", sha256=sha256, before="", after="", lowers=False, limit=None, chunk_tokens=38
    )
    revision = get_catalog().revision("picturebook")
    store_readers(
        bucket(), ModelReaders(readers=(reader,)), model_id="picturebook", revision=revision, tokenizers={sha256: json_}
    )
    return json_


def _forget_picturebook() -> None:
    bucket().delete_prefix("tokenizers/")


def test_a_prompt_is_checked_without_a_worker(client: FlaskClient, api_key: str) -> None:
    """What it names is found; the tokens are null, with the reason, until a worker has drawn with the model."""
    _forget_picturebook()
    answer = _check(client, api_key, prompt=_PROMPT, negative_prompt="blurry")

    assert answer.status_code == 200, answer.text
    report = answer.get_json()
    assert (report["model"], report["tokens"]) == ("picturebook", None)
    assert report["tokens_missing"] == "No worker has drawn with this model yet, so its tokenizers are not known."
    assert [(each["name"], _PROMPT[each["start"] : each["end"]]) for each in report["elements"]] == [
        *(("red", "Red"), ("mug", "mugs"), ("cat", "cat"))
    ]
    assert [each["code"] for each in report["contradictions"]] == ["negation"]


def test_tokens_are_counted_with_what_a_worker_has_stored(client: FlaskClient, api_key: str) -> None:
    """For each text; a prompt of more than one chunk is read in chunks, and so is what goes with it."""
    _store_picturebook()
    report = _check(client, api_key, prompt="a red mug, " * 20, negative_prompt="blurry").get_json()

    assert report["tokens_missing"] is None
    assert [(each["field"], each["tokens"], each["read"], each["limit"], each["chunks"], each["chunk_tokens"], each["cut_off"]) for each in report["tokens"]] == [
        ("prompt", 80, 80, None, 3, 38, None),
        ("negative_prompt", 4, 4, None, 3, 38, None),
    ]  # fmt: skip


def test_what_is_wrong_names_the_field(client: FlaskClient, api_key: str) -> None:
    """A model that there is not, a field that there is not, a text that is too long, no text at all, no key."""
    cases = [
        ({"prompt": "a", "model": "nope"}, "model", "not_found"),
        ({"prompt": "a", "colour": "red"}, "colour", "unknown"),
        ({"prompt": "a" * 4001}, "prompt", "wrong_length"),
        ({}, "prompt", "required"),
    ]
    for body, field, code in cases:
        answer = _check(client, api_key, **body)
        [error] = answer.get_json()["errors"]
        assert (answer.status_code, error["field"], error["code"]) == (422, field, code)
    assert "picturebook" in _check(client, api_key, prompt="a", model="nope").get_json()["errors"][0]["allowed"]["enum"]
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = client.post("/v1/prompts/check?colour=red", json={"prompt": "a"}, headers=headers)
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "colour")
    assert client.post("/v1/prompts/check", json={"prompt": "a"}).status_code == 401


def test_an_empty_prompt_has_an_empty_report(client: FlaskClient, api_key: str) -> None:
    """A page checks while its user types."""
    _store_picturebook()
    report = _check(client, api_key, prompt=" ").get_json()
    assert (report["tokens"], report["elements"], report["advice"]) == ([], [], [])


def test_a_damaged_tokenizer_is_left_out(client: FlaskClient, api_key: str) -> None:
    """An object that is not what its name says is not parsed, and the report says that nothing was counted."""
    sha256 = hashlib.sha256(_store_picturebook()).hexdigest()
    body = gzip.compress(b"{}")
    bucket().put(f"tokenizers/{sha256}.json.gz", body, media_type="application/gzip", sha256="0" * 64)

    report = _check(client, api_key, prompt="a red mug").get_json()

    assert report["tokens"] is None
    assert report["tokens_missing"].startswith("The model's tokenizers can be read by its worker alone")
    _forget_picturebook()


def test_memory_for_tokenizers_is_bounded(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was used least recently goes first, and is read again when it is wanted."""
    first = _store_picturebook()
    second = json.dumps(json.loads(first)).encode()
    store_readers(
        *(bucket(), ModelReaders(readers=())),
        model_id="other",
        revision="1",
        tokenizers={hashlib.sha256(second).hexdigest(): second},
    )
    reads: list[str] = []

    def read(store: Any, sha256: str) -> bytes:
        reads.append(sha256)
        return get_tokenizer_json(store, sha256)

    monkeypatch.setattr(known_readers, "get_tokenizer_json", read)
    one, two = (hashlib.sha256(each).hexdigest() for each in (first, second))
    roomy, tight = KnownReaders(), KnownReaders(most_bytes=len(first))
    for _ in range(2):
        assert None not in (roomy.get_tokenizer(one), roomy.get_tokenizer(two))
    assert reads == [one, two]
    for _ in range(2):
        assert None not in (tight.get_tokenizer(one), tight.get_tokenizer(two))
    assert reads[2:] == [one, two, one, two]


@pytest.mark.usefixtures("ways")
def test_a_job_shows_its_report_when_it_has_succeeded(client: FlaskClient, api_key: str, post: Post) -> None:
    """A read shows it; lists, webhooks and events leave it out unless `fields` asks for it."""
    job = post({"prompt": _PROMPT}).get_json()
    headers = {"Authorization": f"Bearer {api_key}"}
    assert job["prompt_report"] is None
    _succeed(_REPORT)

    assert client.get(f"/v1/jobs/{job['id']}", headers=headers).get_json()["prompt_report"] == _REPORT
    [listed] = client.get("/v1/jobs", headers=headers).get_json()["data"]
    assert listed["prompt_report"] is None
    assert listed.keys() == job.keys()
    [listed] = client.get("/v1/jobs?fields=id,prompt_report", headers=headers).get_json()["data"]
    assert listed == {"id": job["id"], "prompt_report": _REPORT}
    job_id = parse_id("job", job["id"])
    assert job_id is not None
    with transaction() as session:
        assert session.scalars(select(WebhookEvent)).one().data["prompt_report"] is None
        assert read_finished_jobs(session, [job_id])[job_id]["prompt_report"] is None


@pytest.mark.usefixtures("ways")
def test_a_job_that_is_not_kept_has_none(client: FlaskClient, api_key: str, post: Post) -> None:
    """A report repeats the prompt: with `store` false it is never written."""
    job = post({"prompt": _PROMPT, "store": False}).get_json()
    _succeed(_REPORT)

    shown = client.get(f"/v1/jobs/{job['id']}", headers={"Authorization": f"Bearer {api_key}"}).get_json()
    assert (shown["status"], shown["prompt_report"]) == ("succeeded", None)
    with transaction() as session:
        assert session.scalars(select(Job.prompt_report)).all() == [None]
        assert session.execute(text("select count(*) from jobs where prompt_report is null")).scalar_one() == 1


def _succeed(report: dict[str, Any]) -> None:
    attempt = claim_one()
    done = replace(rendered(attempt), prompt_report=report)
    assert GroupSuccessWriter().write(attempt_id=attempt.id, rendered=done) == "succeeded"
