"""Rules that stand in two places, because one of them is SQL text: the two do the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from core.accounts.retention import set_retention
from core.catalog import get_catalog
from core.database import autocommit, get_engine, transaction
from core.jobs.own_queue.pause_account import pause_account
from core.jobs.queue.tables import AccountClock, AccountQueue
from core.jobs.request.denoising_steps import DENOISING_STEPS, count_denoising_steps
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import QueuedJob, Submission
from core.jobs.submit.submit_job import submit_in_one_statement
from core.jobs.submit.submit_step_by_step import submit_step_by_step
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_views
from core.settings import get_settings
from core.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent
from tests.integration.attempts import cancel, claim_one, succeed
from tests.integration.conftest import Post, Submit
from tests.unit.pictures import png_uri

#: What differs between two jobs that were submitted one after the other.
_OF_THE_JOB = {"id", "account_id", "created_at", "available_at", "start_deadline_at", "deadline_at"}


def test_steps_are_counted_alike(database: None) -> None:
    """In Python, where a job's steps are counted, and in SQL text, for rows without them: 1 to 1000 steps at 1000 strengths."""
    with get_engine().connect() as connection:
        counted = connection.exec_driver_sql(
            f"""
            SELECT steps, thousandths, {DENOISING_STEPS}::integer
            FROM generate_series(1, 1000) AS steps, generate_series(1, 1000) AS thousandths,
            LATERAL (SELECT json_build_object(
                'num_inference_steps', steps, 'strength', trim_scale(thousandths / 1000.0)
            ) AS request) AS row
            """
        ).all()

    assert len(counted) == 1_000_000
    # In whole numbers, which lose nothing.
    expected = [steps * thousandths // 1000 for steps, thousandths, _ in counted]
    assert [found for *_, found in counted] == expected
    assert [count_denoising_steps(steps, thousandths / 1000) for steps, thousandths, _ in counted] == expected


def test_a_row_without_steps_is_counted_when_it_is_claimed(account_id: UUID, submit: Submit) -> None:
    """A row of the release before has no number of steps: its claim counts them; all others keep their own."""
    rows = {submit(account_id, steps=100): 100, submit(account_id, steps=50): 50}
    with autocommit() as connection:
        connection.execute(
            text(
                "update jobs set steps = null, request = (request::jsonb || '{\"strength\": 0.29}')::json where id = :id"
            ),
            {"id": next(iter(rows))},
        )

    assert [claim_one().steps for _ in rows] == [29, 50]


def test_a_job_counts_the_steps_that_it_takes(post: Post) -> None:
    """100 steps at 0.29 are 29, whatever the binary product is: in the job, in its cost, and for its worker."""
    job = post({"prompt": "a mug", "image": png_uri(64, 64), "steps": 100, "strength": 0.29}).get_json()

    assert job["progress"] == {"fraction": 0.0, "step": 0, "steps": 29}
    assert claim_one().steps == 29
    with transaction() as session:
        row = session.scalars(select(Job)).one()
        assert row.steps == 29
        assert row.cost == pytest.approx(64 * 64 * 29 / 1e6)


def test_a_submit_by_either_way_writes_the_same(account_id: UUID, other_account_id: UUID, submit: Submit) -> None:
    """The row, the account's clock and its slots are the same after a submit in one statement and one step by step; both know
    that the account has paused its jobs.
    """
    for account in (account_id, other_account_id):
        submit(account)  # the first submit of an account counts its jobs
        with transaction() as session:
            pause_account(session, account_id=account, puts_back_running=False)

    with autocommit() as connection:
        short = submit_in_one_statement(connection, _build_submission(account_id))
    with transaction() as session:
        long = submit_step_by_step(session, _build_submission(other_account_id))

    assert isinstance(short, QueuedJob)
    assert isinstance(long, QueuedJob)
    assert _read_row(short.id) == _read_row(long.id)
    assert _read_account(account_id) == _read_account(other_account_id)
    # The paused ones stand behind all others: before the second of these is the first.
    assert (short.jobs_before, long.jobs_before) == (0, 1)
    assert (short.account_is_paused, long.account_is_paused) == (True, True)
    for job in (short, long):
        assert job.deadline_at is not None
        assert job.deadline_at - job.created_at == timedelta(seconds=600)


@pytest.mark.parametrize("end", ["succeeded", "cancelled"])
def test_every_end_writes_the_same(account_id: UUID, submit: Submit, end: str) -> None:
    """A success, which is written in SQL text, and the other ends: the moments, the event and its delivery."""
    with transaction() as session:
        changes: dict[str, int | None] = {"artifact_retention_seconds": 7_200, "job_retention_seconds": 90_000}
        set_retention(session, account_id=account_id, changes=changes)
        session.add(WebhookEndpoint(account_id=account_id, url="https://example.org", description="", secret="whsec_"))
    job_id = submit(account_id, retention_seconds=3_600)
    if end == "succeeded":
        assert succeed(claim_one()) == end
    else:
        cancel(account_id, job_id)

    with transaction() as session:
        job = session.get_one(Job, job_id)
        event = session.scalars(select(WebhookEvent).where(WebhookEvent.job_id == job_id)).one()
        deliveries = session.scalars(select(WebhookDelivery.event_id).where(WebhookDelivery.account_id == account_id))
        [view] = build_job_views(session, [job], with_urls=False)
        assert job.finished_at is not None
        assert job.expires_at == job.finished_at + timedelta(seconds=3_600)
        assert job.row_expires_at == job.finished_at + timedelta(seconds=90_000)
        assert (job.status, event.type, event.request_id) == (end, f"job.{end}", job.request_id)
        assert event.data == view.model_dump(mode="json")
        assert deliveries.all() == [event.id]


def _build_submission(account_id: UUID) -> Submission:
    return Submission(
        request=RenderRequest(
            prompt="a red mug", seed=7, metadata={"b": "1", "a": "2"}, guidance_scale=4, deadline_seconds=600
        ),
        account_id=account_id,
        request_id="req_test",
        catalog=get_catalog(),
        settings=get_settings(),
    )


def _read_row(job_id: UUID) -> dict[str, Any]:
    with transaction() as session:
        row = session.execute(text("select * from jobs where id = :id"), {"id": job_id}).mappings().one()
    return {name: value for name, value in row.items() if name not in _OF_THE_JOB}


def _read_account(account_id: UUID) -> tuple[Any, ...]:
    with transaction() as session:
        slots = session.get_one(AccountQueue, account_id)
        clock = session.get_one(AccountClock, (account_id, "default"))
        return slots.slots_left, slots.counted_for_limit, clock.virtual_finish
