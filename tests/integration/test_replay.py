"""`POST /v1/jobs/{id}/replay` as far as the API and the rows go; the pixels are in tests/acceptance and tests/rendering."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from core.catalog import get_catalog
from core.database import transaction
from core.jobs.attempts.record_differences import record_differences
from tests.integration.again import RECEIPT, Again, write_receipt
from tests.integration.attempts import claim_one, succeed
from tests.integration.conftest import Post
from tests.integration.kept import finish_one, violations_of
from tests.integration.present_workers import show_worker, silence
from tests.unit.pictures import png_uri


@pytest.fixture
def again(client: FlaskClient, api_key: str) -> Again:
    """The operations of the account."""
    return Again(client, api_key)


def _make_job(post: Post, receipt: dict[str, Any], **sent: Any) -> dict[str, Any]:
    job: dict[str, Any] = post({"prompt": "a mug", **sent}).get_json()
    finish_one()
    scheduler = get_catalog().get("picturebook").default_scheduler
    model = {"default_scheduler": scheduler} | receipt.get("model", {})
    write_receipt(job["id"], {**RECEIPT, **receipt, "model": {**RECEIPT["model"], **model}})
    return job


def test_it_is_the_same_request_to_the_bit(post: Post, again: Again) -> None:
    """Parameters, seeds, pictures and labels; with the same environment nothing differs."""
    job = _make_job(post, {}, image=png_uri(64, 48), strength=0.5, metadata={"order": "1"})

    answer = again.send(job["id"], "replay")

    assert answer.status_code == 202, answer.text
    replay = answer.get_json()
    for name in ("request", "model", "task", "metadata", "warnings"):
        assert replay[name] == job[name]
    assert [one["id"] for one in replay["inputs"]] == [one["id"] for one in job["inputs"]]
    assert replay["derived_from"] == {"job": job["id"], "how": "replay"}
    assert replay["replay"] == {"of": job["id"], "differences": [], "checked_by": "submit", "comparison": None}
    assert claim_one().request == job["request"]


@pytest.mark.parametrize(("what", "then"), [("revision", "0"), ("default_scheduler", "pndm")])
def test_another_models_file_shows_at_once(post: Post, again: Again, what: str, then: str) -> None:
    """What the API itself knows is in the answer to the replay, before anything is drawn."""
    job = _make_job(post, {"model": {what: then}})
    entry = get_catalog().get("picturebook")

    replay = again.send(job["id"], "replay").get_json()["replay"]

    assert replay["differences"] == [{"what": f"model.{what}", "then": then, "now": getattr(entry, what)}]


def test_other_workers_show_by_the_newest_receipt(post: Post, again: Again) -> None:
    """Libraries, device and threads are those of the newest render of the model, until a worker has begun."""
    old = _make_job(post, {"versions": {"torch": "2.12.0", "diffusers": "0.42.1"}, "torch_threads": 4})
    _make_job(post, {"device": "NVIDIA H200"})

    differences = again.send(old["id"], "replay").get_json()["replay"]["differences"]

    assert differences == [
        {"what": "versions.torch", "then": "2.12.0", "now": "2.13.0"},
        {"what": "device", "then": "cpu (x86_64)", "now": "NVIDIA H200"},
        {"what": "torch_threads", "then": 4, "now": 1},
    ]


def test_the_libraries_of_the_workers_that_are_there_show_at_once(post: Post, again: Again) -> None:
    """If all that can draw the job have the same; of those that have not, or are gone, nothing is expected."""
    job = _make_job(post, {})
    versions = RECEIPT["versions"] | {"torch": "2.14.0"}

    def expect() -> list[dict[str, Any]]:
        differences: list[dict[str, Any]] = again.send(job["id"], "replay").get_json()["replay"]["differences"]
        return differences

    assert expect() == []
    first = show_worker(versions=versions)
    show_worker(worker_id="host:2", pool="other", versions={"torch": "1.0"})
    show_worker(worker_id="host:3", models=["another"], versions={"torch": "1.0"})
    assert expect() == [{"what": "versions.torch", "then": "2.13.0", "now": "2.14.0"}]
    show_worker(worker_id="host:4", versions=RECEIPT["versions"])
    assert expect() == []
    silence(first, seconds=30)
    assert expect() == []


def test_a_worker_says_what_differs_before_it_draws(post: Post, again: Again) -> None:
    """What it writes is in the place of what was expected; an attempt that lost the job writes nothing."""
    job = _make_job(post, {})
    replay = again.send(job["id"], "replay").get_json()
    attempt = claim_one()
    found = [{"what": "dtype", "then": "float32", "now": "bfloat16"}]

    for attempt_id, checked_by in ((UUID(int=1), "submit"), (attempt.id, "worker")):
        with transaction() as session:
            record_differences(session, job_id=attempt.job_id, attempt_id=attempt_id, differences=found)
        shown = again.get(f"jobs/{replay['id']}").get_json()
        assert (shown["status"], shown["replay"]["checked_by"]) == ("running", checked_by)
    assert shown["replay"] == {"of": job["id"], "differences": found, "checked_by": "worker", "comparison": None}
    succeed(attempt)
    assert violations_of() == []


def test_the_images_stay_until_they_are_compared(post: Post, again: Again) -> None:
    """The job that is replayed cannot be deleted until then, and can be afterwards."""
    job = _make_job(post, {})
    again.send(job["id"], "replay")

    assert again.delete(job["id"]).get_json(force=True)["code"] == "job_in_use"
    finish_one()
    assert again.delete(job["id"]).status_code == 200


def test_a_receipt_is_read_as_it_was_written(post: Post, again: Again) -> None:
    """And its request is the one that the job shows."""
    job = _make_job(post, {"request": {"prompt": "a mug"}})

    answer = again.get(f"jobs/{job['id']}/receipt")

    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json()["versions"] == RECEIPT["versions"]
    assert again.get(f"jobs/{job['id']}/receipt?x=1").status_code == 422
