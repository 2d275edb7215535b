"""`POST /v1/jobs/{id}/retry`, and what all operations that make a job from another one refuse."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from core.accounts.limits import set_limits
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.ids import parse_id
from core.jobs.tables import InputFetch, Job
from core.settings import get_settings
from core.webhooks.tables import WebhookEndpoint
from tests.integration.again import Again, fail_one, strip
from tests.integration.attempts import cancel
from tests.integration.conftest import Post
from tests.integration.kept import finish_one, pass_time
from tests.unit.pictures import png_uri
from worker.maintenance.apply_retention import apply_retention


def _id_of(job: dict[str, Any]) -> UUID:
    job_id = parse_id("job", job["id"])
    assert job_id is not None
    return job_id


@pytest.fixture
def again(client: FlaskClient, api_key: str) -> Again:
    """The operations of the account."""
    return Again(client, api_key)


def test_a_failed_job_is_sent_again_as_it_was(post: Post, again: Again) -> None:
    """Every parameter, the seed and the picture are the same, and so is all that was sent with it; it says where it is from."""
    sent = {
        "prompt": "a mug",
        "image": png_uri(64, 48),
        "strength": 0.5,
        "num_images": 2,
        "metadata": {"order": "1"},
        "priority": "high",
        "deadline_seconds": 900,
        "start_deadline_seconds": 600,
        "retention_seconds": 3600,
        "webhook": {"url": "https://example.com/hook", "events": ["job.failed"]},
        "output_format": "webp",
        "output_quality": 40,
    }
    first = post(sent).get_json()
    fail_one()

    answer = again.send(first["id"], "retry")

    assert answer.status_code == 202, answer.text
    second = answer.get_json()
    assert second["id"] != first["id"]
    assert answer.headers["Location"].endswith(second["id"])
    assert second["derived_from"] == {"job": first["id"], "how": "retry"}
    assert second["replay"] is None
    for name in ("request", "model", "task", "metadata", "priority", "warnings"):
        assert second[name] == first[name], name
    assert [one["id"] for one in second["inputs"]] == [one["id"] for one in first["inputs"]]
    with transaction() as session:
        old, new = (_describe(session.get_one(Job, _id_of(job))) for job in (first, second))
        assert new == old
        hooks = session.scalars(select(WebhookEndpoint)).all()
        assert {(hook.url, *(hook.events or ())) for hook in hooks} == {("https://example.com/hook", "job.failed")}
        assert {hook.job_id for hook in hooks} == {_id_of(first), _id_of(second)}


def _describe(job: Job) -> list[Any]:
    assert job.deadline_at is not None
    assert job.start_deadline_at is not None
    seconds = [job.deadline_at - job.created_at, job.start_deadline_at - job.created_at]
    return [*seconds, job.retention_seconds, job.seed, job.steps, job.cost]


def test_a_cancelled_job_is_sent_again(post: Post, again: Again, account_id: UUID) -> None:
    """Also one that was cancelled before it began."""
    first = post({"prompt": "a mug", "seed": 7}).get_json()
    again.send(first["id"], "cancel")

    second = again.send(first["id"], "retry").get_json()

    assert (second["status"], second["request"]) == ("queued", first["request"])


def test_a_picture_that_could_not_be_fetched_is_fetched_again(post: Post, again: Again) -> None:
    """The size that follows from it is not guessed: nobody has seen it yet."""
    first = post({"prompt": "a mug", "image": "https://example.com/cat.png", "width": 128}).get_json()
    assert (first["request"]["width"], first["request"].get("height")) == (128, None)
    again.send(first["id"], "cancel")

    second = again.send(first["id"], "retry").get_json()

    assert (second["queue"]["reason"], second["request"]) == ("fetching_pictures", first["request"])
    with transaction() as session:
        fetches = {fetch.job_id: fetch.request for fetch in session.scalars(select(InputFetch))}
    request = fetches[_id_of(second)]
    assert (request["image"], request["width"], request.get("height")) == ("https://example.com/cat.png", 128, None)


def test_the_same_key_gives_the_same_job(post: Post, again: Again) -> None:
    """As at `POST /v1/jobs`; with another operation, job or body it is refused."""
    first = post({"prompt": "a mug"}).get_json()
    fail_one()
    key = {"Idempotency-Key": "one"}
    made = again.send(first["id"], "retry", **key)
    repeated = again.send(first["id"], "retry", **key)

    assert (made.status_code, repeated.status_code) == (202, 202)
    assert repeated.get_json()["id"] == made.get_json()["id"]
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert again.send(first["id"], "vary", {}, **key).get_json(force=True)["code"] == "idempotency_key_reused"
    assert post({"prompt": "a mug"}, **key).get_json(force=True)["code"] == "idempotency_key_reused"
    varied = [again.send(first["id"], "vary", {"num_images": 2}, **{"Idempotency-Key": "two"}) for _ in range(2)]
    assert varied[0].get_json()["id"] == varied[1].get_json()["id"]
    assert again.send(first["id"], "vary", {"num_images": 3}, **{"Idempotency-Key": "two"}).status_code == 422


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        ("queued", {"retry": "job_not_finished", "replay": "job_not_finished", "receipt": "job_not_finished"}),
        ("failed", {"replay": "job_not_succeeded", "receipt": "receipt_not_found"}),
        ("cancelled", {"replay": "job_not_succeeded", "receipt": "receipt_not_found"}),
        ("succeeded", {"retry": "job_succeeded"}),
    ],
)
def test_what_does_not_go_says_what_does(
    post: Post, again: Again, account_id: UUID, status: str, codes: dict[str, str]
) -> None:
    """A job in another status is a problem of its own code, and nothing is queued."""
    job = post({"prompt": "a mug"}).get_json()
    if status == "cancelled":
        cancel(account_id, _id_of(job))
    else:
        {"queued": lambda: None, "failed": fail_one, "succeeded": finish_one}[status]()

    for how, code in codes.items():
        answer = again.get(f"jobs/{job['id']}/receipt") if how == "receipt" else again.send(job["id"], how)
        assert answer.get_json(force=True)["code"] == code, answer.text
        assert answer.status_code == (404 if code == "receipt_not_found" else 409)
    if status == "succeeded":
        detail = again.send(job["id"], "retry").get_json(force=True)["detail"]
        assert "replay" in detail
        assert "vary" in detail
    assert len(again.get("jobs").get_json()["data"]) == 1


def test_a_job_that_is_not_kept_is_not_made_again(post: Post, again: Again) -> None:
    """Once it has ended; before that it can be varied."""
    failing = post({"prompt": "a mug", "store": False}).get_json()
    varied = again.send(failing["id"], "vary", {"num_images": 2})
    assert varied.status_code == 202
    fail_one()
    finish_one()

    for job_id, how in ((failing["id"], "retry"), (failing["id"], "vary"), (varied.get_json()["id"], "replay")):
        answer = again.send(job_id, how, {} if how == "vary" else None)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (409, "job_not_kept")


def test_another_accounts_job_is_not_found(
    client: FlaskClient, post: Post, again: Again, other_account_id: UUID
) -> None:
    """And neither is one that never was; one that was deleted is gone."""
    job = post({"prompt": "a mug"}).get_json()
    fail_one()
    with transaction() as session:
        pepper = get_settings().api_key_pepper.get_secret_value()
        key = issue_api_key(session, account_id=other_account_id, pepper=pepper)
    stranger = Again(client, key)

    def ask(who: Again, job_id: str) -> set[tuple[int, str]]:
        answers = [who.send(job_id, "retry"), who.send(job_id, "replay"), who.send(job_id, "vary", {})]
        answers.append(who.get(f"jobs/{job_id}/receipt"))
        return {(each.status_code, each.get_json(force=True)["code"]) for each in answers}

    assert ask(stranger, job["id"]) == {(404, "job_not_found")}
    assert ask(again, f"job_{'0' * 32}") == {(404, "job_not_found")}
    assert again.delete(job["id"]).status_code == 200
    assert ask(again, job["id"]) == {(410, "job_deleted")}


def test_a_picture_that_is_gone_is_named(post: Post, again: Again) -> None:
    """422 with the field; with another picture it can be varied."""
    job = post({"prompt": "a mug", "image": png_uri(64, 64), "strength": 0.5}).get_json()
    job_id = fail_one()
    pass_time(job_id)
    apply_retention()

    answer = again.send(job["id"], "retry")

    assert answer.status_code == 422
    [error] = answer.get_json(force=True)["errors"]
    assert (error["field"], error["message"]) == ("image", "this artifact has been deleted")
    assert again.send(job["id"], "vary", {"image": png_uri(64, 64)}).status_code == 202


def test_the_queue_limit_holds(post: Post, again: Again, account_id: UUID) -> None:
    """A job that is made from another takes a slot of the queue like any other."""
    job = post({"prompt": "a mug"}).get_json()
    fail_one()
    with transaction() as session:
        set_limits(session, account_id=account_id, changes={"max_queued_jobs": 1})
    assert again.send(job["id"], "retry").status_code == 202

    assert again.send(job["id"], "vary", {}).get_json(force=True)["code"] == "too_many_queued_jobs"


def test_a_seed_is_part_of_the_request(post: Post) -> None:
    """Of every job, whether it was chosen or not, and for its worker as well."""
    chosen = post({"prompt": "a mug", "seed": 7}).get_json()
    drawn = post({"prompt": "a mug"}).get_json()

    assert chosen["request"]["seed"] == 7
    with transaction() as session:
        row = session.get_one(Job, _id_of(drawn))
        assert drawn["request"]["seed"] == row.seed
    assert strip(chosen["request"], "seed") == strip(drawn["request"], "seed")
