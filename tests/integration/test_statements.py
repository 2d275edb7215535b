"""The number of statements in the life of a job."""

from __future__ import annotations

from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select

from core.catalog import get_catalog
from core.database import transaction
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view, build_job_views
from core.settings import get_settings
from core.webhooks.tables import WebhookEvent
from tests.integration.attempts import claim_one, succeed
from tests.integration.conftest import Post, Submit
from tests.integration.statements import noted_statements


def test_the_life_of_a_job_is_four_statements(account_id: UUID, submit: Submit) -> None:
    """One to submit it, one to claim it and two to end it, with its image, usage, event and deliveries."""
    submit(account_id)  # an account's first one counts what is there
    with noted_statements() as submitting:
        submit(account_id)
    with noted_statements() as claiming:
        attempt = claim_one()
    with noted_statements() as ending:
        succeed(attempt)

    assert [len(noted) for noted in (submitting, claiming, ending)] == [1, 1, 2]


def test_a_plain_submit_asks_once_and_answers_what_is_stored(post: Post, client: FlaskClient, api_key: str) -> None:
    """Whose key it is was asked at the one before; the answer is the one that a read gives a moment later."""
    post({"prompt": "a red mug"})
    with noted_statements() as noted:
        answer = post({"prompt": "a red mug", "metadata": {"b": "1", "a": "2"}, "guidance_scale": 4})
    assert answer.status_code == 202
    assert len(noted) == 1

    read = client.get(answer.headers["Location"], headers={"Authorization": f"Bearer {api_key}"})
    assert read.get_json() == answer.get_json()


def test_the_event_of_a_success_is_what_is_stored(account_id: UUID, submit: Submit) -> None:
    """It was made from what was about to be written, and shows what a read shows a moment later."""
    job_id = submit(account_id, metadata={"b": "1", "a": "2"}, guidance_scale=4)
    succeed(claim_one())

    with transaction() as session:
        event_ = session.scalars(select(WebhookEvent).where(WebhookEvent.job_id == job_id)).one()
        [read] = build_job_views(session, [session.get_one(Job, job_id)], with_urls=False)
    assert event_.type == "job.succeeded"
    assert event_.data == read.model_dump(mode="json")


def test_what_came_back_with_the_write_is_what_is_stored(account_id: UUID) -> None:
    """The view that a submit answers with is the one that a read gives a moment later."""
    request = RenderRequest(prompt="a red mug", metadata={"b": "1", "a": "2"}, guidance_scale=4)
    submission = Submission(
        request=request,
        account_id=account_id,
        request_id="req_test",
        catalog=get_catalog(),
        settings=get_settings(),
    )
    answered = submit_job(submission).view.model_dump_json()
    with transaction() as session:
        read = build_job_view(session, session.get_one(Job, submission.job_id)).model_dump_json()

    assert answered == read
