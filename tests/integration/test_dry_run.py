"""`dry_run`: what a job would be, with nothing written."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

import core.schema
from core.accounts.limits import set_limits
from core.database import transaction
from core.jobs.tables import Job
from tests.integration.conftest import Post
from tests.unit.pictures import png_uri


def _count_everything() -> dict[str, int]:
    with transaction() as session:
        return {
            table.name: session.execute(text(f"select count(*) from {table.name}")).scalar_one()
            for table in core.schema.metadata.sorted_tables
        }


@pytest.mark.parametrize("picture", [False, True])
def test_it_says_what_the_job_would_be_and_writes_nothing(post: Post, picture: bool) -> None:
    """The resolved request, cost and place are those of the job that the same body makes; not even the key is taken."""
    body = {"prompt": "a mug", "seed": 7, "metadata": {"order": "1"}}
    if picture:
        body |= {"image": png_uri(), "strength": 0.5}
    post({"prompt": "first"})
    before = _count_everything()
    tried = post(body | {"dry_run": True}, **{"Idempotency-Key": "one"})

    assert tried.status_code == 200, tried.text
    assert _count_everything() == before
    would_be = tried.get_json()
    made = post(body, **{"Idempotency-Key": "one"})
    assert (made.status_code, "Idempotent-Replayed" in made.headers) == (202, False)
    job = made.get_json()
    for name in ("model", "task", "priority", "queue", "warnings", "metadata"):
        assert would_be[name] == job[name]
    pictures = {"image"}
    assert {name: each for name, each in would_be["request"].items() if name not in pictures} == {
        name: each for name, each in job["request"].items() if name not in pictures
    }
    with transaction() as session:
        row = session.scalars(select(Job).order_by(Job.created_at.desc()).limit(1)).one()
        assert (would_be["cost"], would_be["steps"]) == (row.cost, row.steps)


def test_what_is_wrong_is_refused_as_at_a_submit(post: Post) -> None:
    """All of it, as 422."""
    answer = post({"dry_run": True, "steps": 400, "webhook": {"url": "https://10.0.0.1/"}})

    assert answer.status_code == 422
    assert {error["field"] for error in answer.get_json(force=True)["errors"]} == {
        "prompt",
        "num_inference_steps",
        "webhook.url",
    }


def test_a_full_queue_is_said(post: Post, account_id: object) -> None:
    """A job that would not be taken is answered as such."""
    with transaction() as session:
        set_limits(session, account_id=account_id, changes={"max_queued_jobs": 1})  # type: ignore[arg-type]
    post({"prompt": "a mug"})

    assert post({"prompt": "a mug", "dry_run": True}).status_code == 429
    with transaction() as session:
        assert session.execute(select(func.count()).select_from(Job)).scalar_one() == 1
