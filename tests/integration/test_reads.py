"""Reads of jobs: one statement each, an ETag, and when to ask again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from core.accounts.manage_keys import issue_api_key, revoke_api_key
from core.artifacts.sign_get import LinkMaker
from core.database import transaction
from core.ids import format_id
from core.jobs.queue.pause_work import pause_work, resume_work
from core.jobs.views import queue_view
from core.pools.speed import Speed
from core.settings import get_settings
from tests.integration.attempts import cancel, claim_one, renew, succeed
from tests.integration.conftest import Post, Submit
from tests.integration.kept import finish_one
from tests.integration.present_workers import beat, look_again, show_worker
from tests.integration.statements import noted_statements
from tests.unit.pictures import png_uri

#: Reads an address with the account's key, naming the version that it knows.
Read = Callable[..., TestResponse]


@pytest.fixture
def read(client: FlaskClient, api_key: str) -> Read:
    """GET an address with the account's key."""

    def send(address: str | UUID, version: str | None = None) -> TestResponse:
        path = f"/v1/jobs/{format_id('job', address)}" if isinstance(address, UUID) else address
        headers = {"Authorization": f"Bearer {api_key}"} | ({"If-None-Match": version} if version else {})
        return client.get(path, headers=headers)

    return send


def test_a_read_is_one_statement(account_id: UUID, submit: Submit, read: Read, post: Post) -> None:
    """Key, job, attempt, images and place at once, in every state, also of a job that starts from a picture; a list as well."""
    finished, running = submit(account_id), submit(account_id)
    succeed(claim_one())
    claim_one()
    drawn_from = post({"prompt": "a mug", "image": png_uri(160, 80), "strength": 0.5}).get_json()["id"]
    read(finished)  # whose key it is

    for address in (finished, running, f"/v1/jobs/{drawn_from}", "/v1/jobs", "/v1/jobs?fields=status&status=running"):
        with noted_statements() as noted:
            answer = read(address)
        assert answer.status_code == 200
        assert len(noted) <= 1, address
    inputs = read(f"/v1/jobs/{drawn_from}").get_json()["inputs"]
    assert [(item["field"], item["media_type"]) for item in inputs] == [("image", "image/png")]
    assert inputs[0]["url"]


def test_an_unchanged_job_is_304(account_id: UUID, submit: Submit, read: Read) -> None:
    """In every state; the answer has the same ETag, no body, and for a job that has not ended when to ask again."""
    job_id = submit(account_id)
    for change in (lambda: None, claim_one, lambda: None):
        change()
        version = read(job_id).headers["ETag"]
        again = read(job_id, version)

        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == version
        assert again.headers["Retry-After"] == "1"
        assert "Content-Type" not in again.headers


def test_an_unchanged_job_builds_no_view(
    account_id: UUID, submit: Submit, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 304 reads no JSON of the job and signs no link."""
    submit(account_id)
    job_id = finish_one()
    version = read(job_id).headers["ETag"]

    def must_not_sign(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(LinkMaker, "sign", must_not_sign)
    assert read(job_id, version).status_code == 304


def test_each_change_is_a_new_version(account_id: UUID, submit: Submit, read: Read) -> None:
    """A claim, a step, a retry, an end, and the withdrawal of an image; a job before it that ends; the end of a back-off."""
    before, job_id = submit(account_id), submit(account_id)
    versions = [read(job_id).headers["ETag"]]

    def changed() -> TestResponse:
        answer = read(job_id, versions[-1])
        assert answer.status_code == 200
        versions.append(answer.headers["ETag"])
        return answer

    cancel(account_id, before)
    assert changed().get_json()["queue"]["position"] == 0
    attempt = claim_one()
    assert changed().get_json()["status"] == "running"
    renew(attempt.id)
    assert changed().get_json()["progress"]["step"] == 3
    succeed(attempt)
    assert changed().get_json()["status"] == "succeeded"
    with transaction() as session:
        session.execute(text("update artifacts set deleted_at = now() where job_id = :id"), {"id": job_id})
    assert changed().get_json()["outputs"][0]["url"] is None
    assert len(set(versions)) == len(versions)


def test_a_new_reason_is_a_new_version_and_a_new_estimate_is_none(account_id: UUID, submit: Submit, read: Read) -> None:
    """A worker that comes, a pause, and another pause in its place change what the block says; what a worker measures changes
    only when the job ends.
    """
    job_id = submit(account_id)
    versions = [read(job_id).headers["ETag"]]
    worker = show_worker()
    for change in (
        lambda: beat(id=worker, models=[]),
        lambda: beat(id=worker),
        lambda: pause_work(pool="default", model="picturebook"),
        lambda: pause_work(pool="default", model=None),
    ):
        change()
        look_again()
        answer = read(job_id, versions[-1])
        assert answer.status_code == 200
        versions.append(answer.headers["ETag"])
    resume_work(pool="default", model="picturebook", max_running_jobs=None)
    resume_work(pool="default", model=None, max_running_jobs=None)

    look_again()
    before = read(job_id)
    assert before.get_json()["queue"]["eta_seconds"] is None
    speed = Speed(0.0, 2.0, slowdown=0.0, p90=1.5, company=2.0, width=2, count=20)
    beat(id=worker, speeds={"picturebook": speed})
    assert read(job_id, before.headers["ETag"]).status_code == 304
    assert read(job_id).get_json()["queue"]["eta_seconds"]["p50"] > 0


def test_the_end_of_a_back_off_is_a_new_version(
    account_id: UUID, submit: Submit, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why it waits changes with the time, without a write of anybody."""
    show_worker()
    job_id = submit(account_id)
    change = "update jobs set attempts_opened = 1, attempts_used = 1, available_at = now() + interval '1 hour'"
    with transaction() as session:
        session.execute(text(change))
    waiting = read(job_id)
    assert waiting.get_json()["queue"]["reason"] == "retrying"
    assert read(job_id, waiting.headers["ETag"]).status_code == 304

    class Later:
        @staticmethod
        def now(tz: tzinfo) -> datetime:
            return datetime.now(tz) + timedelta(hours=2)

    monkeypatch.setattr(queue_view, "datetime", Later)
    assert read(job_id, waiting.headers["ETag"]).get_json()["queue"]["reason"] == "waiting_for_worker"


def test_an_image_of_another_job_that_goes_is_a_new_version(account_id: UUID, submit: Submit, read: Read) -> None:
    """The row of the job that starts from it is not written then."""
    submit(account_id)
    source = finish_one()
    image = read(source).get_json()["outputs"][0]["id"]
    job_id = submit(account_id, image=image, strength=0.5)
    first = read(job_id)
    assert first.get_json()["inputs"][0]["id"] == image

    with transaction() as session:
        session.execute(text("update artifacts set deleted_at = now() where job_id = :id"), {"id": source})
    again = read(job_id, first.headers["ETag"])
    assert again.get_json()["inputs"][0]["deleted_at"] is not None


def test_no_304_keeps_a_client_on_links_that_end(
    account_id: UUID, submit: Submit, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version with links is over when a quarter of their time is; one without links stays."""
    submit(account_id)
    job_id, other = finish_one(), submit(account_id)
    with_links, without = read(job_id).headers["ETag"], read(other).headers["ETag"]
    later = time.time() + get_settings().download_url_seconds / 4

    monkeypatch.setattr(time, "time", lambda: later)

    assert read(job_id, with_links).status_code == 200
    assert read(other, without).status_code == 304


def test_a_job_that_has_not_ended_says_when_to_ask_again(
    account_id: UUID, submit: Submit, read: Read, post: Post
) -> None:
    """A second while it runs, longer the more jobs are before it, nothing once it has ended; the 202 says it too."""
    ids = [submit(account_id) for _ in range(17)]
    sent = post({"prompt": "the last one"})

    assert sent.headers["Retry-After"] == "3"
    assert [read(id_).headers["Retry-After"] for id_ in (ids[0], ids[8], ids[16])] == ["1", "2", "3"]
    attempt = claim_one()
    assert read(attempt.job_id).headers["Retry-After"] == "1"
    succeed(attempt)
    assert "Retry-After" not in read(attempt.job_id).headers


def test_a_revoked_key_reads_nothing(
    client: FlaskClient, account_id: UUID, submit: Submit, api_key: str, read: Read
) -> None:
    """At once, though the process remembers whose key it is: one job, a list, an empty list and a preview."""
    job_id = submit(account_id)
    with transaction() as session:
        key = issue_api_key(session, account_id=account_id, pepper=get_settings().api_key_pepper.get_secret_value())
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/v1/jobs/{format_id('job', job_id)}"
    assert client.get(path, headers=headers).status_code == 200

    with transaction() as session:
        revoke_api_key(session, key=key)

    for address in (path, "/v1/jobs", "/v1/jobs?status=failed", f"{path}/preview"):
        assert client.get(address, headers=headers).status_code == 401
    assert read(job_id).status_code == 200


def test_another_accounts_job_is_not_found(
    client: FlaskClient, other_account_id: UUID, submit: Submit, read: Read
) -> None:
    """Whatever version is named."""
    job_id = submit(other_account_id)

    for version in (None, "*", '"0"'):
        assert read(job_id, version).get_json(force=True)["code"] == "job_not_found"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/picturebook", "/v1/deletions", "/v1/webhook-endpoints"])
def test_every_other_read_has_an_etag(database: None, read: Read, path: str) -> None:
    """Of its bytes; naming it is 304, naming another one is 200."""
    first = read(path)

    assert read(path, first.headers["ETag"]).status_code == 304
    other = read(path, '"another"')
    assert (other.status_code, other.data) == (200, first.data)


def test_a_list_has_a_version_of_its_jobs(account_id: UUID, submit: Submit, read: Read) -> None:
    """It changes with each job of the page, with the page, and with the fields; links that are signed anew are no change."""
    submit(account_id)
    finish_one()
    submit(account_id)
    version = read("/v1/jobs").headers["ETag"]
    assert read("/v1/jobs", version).status_code == 304
    assert read("/v1/jobs?fields=id", version).status_code == 200

    claim_one()
    assert read("/v1/jobs", version).status_code == 200
