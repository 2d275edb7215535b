"""Pages of jobs, what they are filtered by, and what of a job they show."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.artifacts.sign_get import LinkMaker
from core.database import transaction
from core.ids import parse_id
from core.jobs.outcomes.cancel import cancel_job
from core.jobs.tables import Job
from core.jobs.views.select_rows import build_select
from tests.integration.conftest import Post, Submit
from tests.integration.kept import finish_one
from tests.unit.pictures import png_uri


def test_pages_hold_every_job_once(client: FlaskClient, api_key: str, post: Post) -> None:
    """Following next_cursor gives every job, newest first, also when new ones arrive on the way."""
    ids = [post({"prompt": "a mug"}).get_json()["id"] for _ in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = _list(client, api_key, f"limit=3{cursor and '&cursor=' + cursor}").get_json()
        seen += [job["id"] for job in page["data"]]
        cursor = page["next_cursor"]
        post({"prompt": "a newcomer"})

    assert seen == ids[::-1]


def test_lists_filter_by_status(client: FlaskClient, api_key: str, post: Post, ids: Callable[[str], list[str]]) -> None:
    """`status` may be repeated; a job of another status is not listed."""
    queued, cancelled = (post({"prompt": "a mug"}).get_json()["id"] for _ in range(2))
    client.post(f"/v1/jobs/{cancelled}/cancel", headers={"Authorization": f"Bearer {api_key}"})

    assert ids("status=queued") == [queued]
    assert ids("status=cancelled") == [cancelled]
    assert ids("status=cancelled&status=queued") == [cancelled, queued]
    assert ids("status=failed") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=job_" + "0" * 32, "cursor"),
        ("status=lost", "status.0"),
        ("colour=red", "colour"),
        ("order=random", "order"),
        ("task=dancing", "task.0"),
        ("model=", "model.0"),
        ("model=%00", "model.0"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2026-01-01T00:00:00", "created_before"),
        ("created_before=0.5", "created_before"),
        ("created_after=0001-01-01T00:00:00%2B05:00", "created_after"),
        ("prompt=", "prompt"),
        ("prompt=!!!", "prompt"),
        ("prompt=mug%00", "prompt"),
        ("fields=id,colour", "fields"),
        ("metadata.=17", "metadata."),
        ("metadata.user=a&metadata.user=b", "metadata.user"),
        ("metadata.user=%00", "metadata.user"),
        ("metadata=17", "metadata"),
    ],
)
def test_a_bad_query_is_named(client: FlaskClient, api_key: str, query: str, field: str) -> None:
    """A parameter that is unknown or out of range is 422 with its name."""
    response = _list(client, api_key, query)

    assert response.status_code == 422
    assert [error["field"] for error in response.get_json(force=True)["errors"]] == [field]


@pytest.fixture
def ids(client: FlaskClient, api_key: str) -> Callable[[str], list[str]]:
    """The ids of the jobs that a query finds."""
    return lambda query: [job["id"] for job in _list(client, api_key, query).get_json()["data"]]


def test_jobs_are_found_by_what_they_are(post: Post, ids: Callable[[str], list[str]]) -> None:
    """By model and task, each of several values; all filters together."""
    mug = post({"prompt": "a mug"}).get_json()["id"]
    picture = post({"prompt": "a mug", "image": png_uri(160, 80), "strength": 0.5}).get_json()["id"]

    assert ids("task=text-to-image") == [mug]
    assert ids("task=text-to-image&task=image-to-image") == [picture, mug]
    assert ids("model=picturebook&task=image-to-image&status=queued") == [picture]
    assert ids("model=another&model=picturebook") == [picture, mug]
    assert ids("model=another") == []


def test_jobs_are_found_by_their_time(post: Post, ids: Callable[[str], list[str]]) -> None:
    """From a moment on, and before one; the offset's plus sign may be lost as a blank."""
    first, second = (post({"prompt": "a mug"}).get_json() for _ in range(2))
    moment = second["created_at"]

    assert ids(f"created_after={quote(moment)}") == [second["id"]]
    assert ids(f"created_before={quote(moment)}") == [first["id"]]
    assert ids(f"created_after={first['created_at']}&created_before={moment}") == [first["id"]]
    assert ids(f"created_after={moment.replace('Z', '+00:00')}") == [second["id"]]
    assert ids("created_after=0207-01-07T23:44:38.10-19:06") == [second["id"], first["id"]]
    assert ids("created_before=0001-01-01T00:00:00Z") == []
    assert ids("created_after=9999-12-31T23:59:59Z") == []


def test_jobs_are_found_by_their_metadata(post: Post, ids: Callable[[str], list[str]]) -> None:
    """Whatever has not ended and what has: the same entries, whatever else is there; a key may hold anything."""
    waiting, ended = (
        post({"prompt": "a mug", "metadata": {"user": "17", "order.no": "a b"}}).get_json()["id"] for _ in range(2)
    )
    post({"prompt": "a mug", "metadata": {"user": "18"}})
    post({"prompt": "a mug"})
    _end(ended)

    assert ids("metadata.user=17") == [ended, waiting]
    assert ids("metadata.user=17&metadata.order.no=a+b&status=cancelled") == [ended]
    assert ids("metadata.user=17&metadata.order.no=c") == []
    assert ids("metadata.17=user") == []


def test_jobs_are_found_by_the_words_of_their_prompts(post: Post, ids: Callable[[str], list[str]]) -> None:
    """All words in any order and case; phrases, alternatives, and words that must not be there."""
    red, ended, blue = (
        post({"prompt": prompt}).get_json()["id"]
        for prompt in ("A red mug on a wooden table", "the MUG, red", "a blue mug; grün")
    )
    _end(ended)

    assert ids("prompt=mug+red") == [ended, red]
    assert ids(f"prompt={quote(chr(34) + 'red mug' + chr(34))}") == [red]
    assert ids("prompt=mug+-red") == [blue]
    assert ids("prompt=wooden+or+GR%C3%9CN") == [blue, red]
    assert ids("prompt=mugs") == []


def test_filtered_pages_hold_every_job_once(post: Post, client: FlaskClient, api_key: str) -> None:
    """In both orders, over jobs that have ended and those that have not, while others are sent and end."""
    wanted = [post({"prompt": "a mug", "metadata": {"user": "17"}}).get_json()["id"] for _ in range(7)]
    for job_id in wanted[::2]:
        _end(job_id)
    for order, expected in (("desc", wanted[::-1]), ("asc", wanted)):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            after = f"&cursor={cursor}" if cursor else ""
            page = _list(client, api_key, f"metadata.user=17&prompt=mug&limit=3&order={order}{after}").get_json()
            seen += [job["id"] for job in page["data"]]
            cursor = page["next_cursor"]
            post({"prompt": "a plate", "metadata": {"user": "17"}})
            _end(wanted[1])
        assert seen == expected


def test_only_the_fields_that_were_asked_for(post: Post, client: FlaskClient, api_key: str) -> None:
    """They are those of the whole view, in any way of naming them."""
    post({"prompt": "a mug", "metadata": {"user": "17"}})
    [whole] = _list(client, api_key, "").get_json()["data"]
    names = [*whole]

    for query in (
        f"fields={','.join(names)}",
        *(f"fields={name}" for name in names),
        "fields=id,metadata&fields=queue",
    ):
        [part] = _list(client, api_key, query).get_json()["data"]
        asked = query.replace("fields=", "").replace("&", ",").split(",")
        assert part == {name: whole[name] for name in whole if name in asked}


def test_what_is_not_asked_for_is_not_computed(
    account_id: UUID, submit: Submit, client: FlaskClient, api_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No address is signed for a list without outputs, and no place in the queue is counted without the queue."""
    submit(account_id)
    finish_one()

    def must_not_sign(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(LinkMaker, "sign", must_not_sign)
    [job] = _list(client, api_key, "fields=status,timings").get_json()["data"]
    assert (job["status"], job["timings"]["render_ms"]) == ("succeeded", 10)
    unasked = build_select(frozenset({"status", "timings"}))
    assert all(f"NULL AS {name}" in unasked for name in ("jobs_before", "request_json", "outputs_json", "inputs_json"))


def _end(job_id: str) -> None:
    """Cancels a job, if it can be."""
    id_ = parse_id("job", job_id)
    with transaction() as session:
        job = session.get_one(Job, id_)
        cancel_job(session, account_id=job.account_id, job_id=job.id)


def _list(client: FlaskClient, api_key: str, query: str) -> TestResponse:
    return client.get(f"/v1/jobs?{query}", headers={"Authorization": f"Bearer {api_key}"})
