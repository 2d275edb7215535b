"""Images that a model's content filter withheld: what the row, the API, the webhook, the bill and the audit say of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from standardwebhooks import Webhook

from core.accounts.tables import UsageRecord
from core.artifacts.keys import build_storage_key
from core.artifacts.outputs import StoredImage
from core.artifacts.tables import Artifact
from core.database import transaction
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.audit.invariants import list_violations
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_failure
from core.jobs.outcomes.rendered import FilteredImage, Rendered
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view
from core.webhooks.tables import WebhookEvent
from infra.local.webhook_listener import WebhookListener, listening
from tests.integration.attempts import attempt_statuses, claim, claim_one
from tests.integration.conftest import Submit
from tests.integration.receivers import add_endpoint
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter
from worker.webhooks.deliver import deliver_next

#: What a withheld output says of a file that there is not.
OF_A_FILE = ("id", "url", "url_expires_at", "media_type", "width", "height", "byte_size", "sha256", "deleted_at")


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """A receiver that answers 204."""
    with listening() as listener:
        yield listener


def succeed_without(attempt: ClaimedAttempt, *withheld: int) -> None:
    """Record a success of the attempt, in which these of its images were withheld."""
    stored = [
        StoredImage(
            position=position,
            storage_key=build_storage_key(
                job_id=attempt.job_id, attempt_number=attempt.attempt_number, position=position, extension="png"
            ),
            media_type="image/png",
            byte_size=100,
            sha256=hashlib.sha256(b"pixels").hexdigest(),
            width=128,
            height=128,
            seed=seed,
        )
        for position, seed in enumerate(attempt.image_seeds)
        if position not in withheld
    ]
    filtered = tuple(FilteredImage(position, attempt.image_seeds[position]) for position in withheld)
    rendered = Rendered(
        images=stored, receipt={}, warnings=["some were withheld"], render_ms=10, upload_ms=5, filtered_images=filtered
    )
    assert GroupSuccessWriter().write(attempt_id=attempt.id, rendered=rendered) == "succeeded"


@pytest.mark.usefixtures("ways")
def test_a_withheld_image_keeps_its_place(
    account_id: UUID, submit: Submit, client: FlaskClient, api_key: str, listener: WebhookListener
) -> None:
    """In the API, in the event and in the webhook: the others have links, and this one says that it was withheld."""
    endpoint = add_endpoint(account_id, listener.url)
    job_id = submit(account_id, num_images=3, seed=7)
    succeed_without(claim_one(), 1)

    job = client.get(f"/v1/jobs/job_{job_id.hex}", headers={"Authorization": f"Bearer {api_key}"}).get_json()
    deliver_next()
    call = listener.calls.get(timeout=5)
    sent = Webhook(endpoint.secret).verify(call.body, call.headers)["data"]

    for shown in (job, sent):
        assert shown["status"] == "succeeded"
        assert [output["seed"] for output in shown["outputs"]] == [7, 8, 9]
        assert [output["content_filtered"] for output in shown["outputs"]] == [False, True, False]
        assert {shown["outputs"][1][name] for name in OF_A_FILE} == {None}
        assert all(output["url"].startswith("http") for output in (shown["outputs"][0], shown["outputs"][2]))
        assert shown["warnings"] == ["some were withheld"]
        assert shown["failure"] is None
    with transaction() as session:
        event = session.scalars(select(WebhookEvent)).one()
        row = session.get_one(Job, job_id)
        assert row.filtered_images == [{"position": 1, "seed": 8}]
        assert [output["id"] for output in event.data["outputs"]] == [output["id"] for output in job["outputs"]]
        assert [artifact.position for artifact in session.scalars(select(Artifact).order_by(Artifact.position))] == [
            0,
            2,
        ]
        assert list_violations(session) == []


@pytest.mark.usefixtures("ways")
@pytest.mark.parametrize("withheld", [(), (0,), (3,), (0, 1, 3)])
def test_only_delivered_images_are_billed(account_id: UUID, submit: Submit, withheld: tuple[int, ...]) -> None:
    """Images and megapixel-steps, and nothing where all are delivered is rounded."""
    job_id = submit(account_id, num_images=4)
    succeed_without(claim_one(), *withheld)

    with transaction() as session:
        usage = session.get_one(UsageRecord, job_id)
        cost = session.get_one(Job, job_id).cost
        assert usage.images == 4 - len(withheld)
        assert usage.cost == cost * (4 - len(withheld)) / 4
        assert list_violations(session) == []


def test_a_job_without_an_image_left_fails_at_once(account_id: UUID, submit: Submit) -> None:
    """It is not tried again, shows no outputs, and costs nothing."""
    job_id = submit(account_id, num_images=2)
    attempt = claim_one()
    with transaction() as session:
        failure = Failure(FailureCode.CONTENT_FILTERED, "all were withheld")
        assert record_failure(session, attempt_id=attempt.id, failure=failure) == "failed"

    assert claim() is None
    with transaction() as session:
        view = build_job_view(session, session.get_one(Job, job_id))
        assert view.failure is not None
        assert json.loads(view.failure.model_dump_json()) == {
            "code": "content_filtered",
            "message": "all were withheld",
            "fault": "client",
            "retryable": False,
            "charged": False,
        }
        assert (view.outputs, view.attempts) == ([], 1)
        assert attempt_statuses(session, job_id) == ["failed"]
        assert session.scalars(select(UsageRecord)).all() == []
        assert list_violations(session) == []
