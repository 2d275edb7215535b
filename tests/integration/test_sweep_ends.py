"""The ends of sweeps: once, with a contact sheet and one event; and how they are cancelled, deleted and pruned."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from core.artifacts.storage import bucket
from core.artifacts.tables import Artifact
from core.database import transaction
from core.jobs.audit.invariants import list_violations
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_cancellation, record_failure
from core.settings import get_settings
from core.sweeps import cancel_sweep
from core.sweeps.tables import Sweep
from core.webhooks.tables import WebhookDelivery, WebhookEvent
from infra.local.webhook_listener import listening
from tests.integration.attempts import claim_one, count_jobs
from tests.integration.sweeps import COLOURS, Sweeps, download, draw, draw_all
from worker.maintenance.apply_retention import apply_retention
from worker.maintenance.sweep import sweep as run_sweep
from worker.sheets.end_sweeps import end_sweeps
from worker.webhooks.deliver import deliver_next

_AXES: dict[str, Any] = {
    "prompts": ["a red mug", "a blue mug"],
    "seeds": [7, 8],
    "parameters": {"guidance_scale": [2.0, 4.0]},
}


@pytest.fixture
def sweeps(client: FlaskClient, api_key: str) -> Sweeps:
    """The sweep operations of the account."""
    return Sweeps(client, api_key)


def test_its_end_is_recorded_once_with_a_sheet(sweeps: Sweeps, client: FlaskClient, api_key: str) -> None:
    """When all have ended: a contact sheet with every picture, one event for the account's and its own webhook."""
    sweeps.ask("POST", "/webhook-endpoints", {"url": "https://example.com/all"})
    sweep = sweeps.send({**_AXES, "webhook": {"url": "https://example.com/own"}})
    attempts = [claim_one() for _ in range(8)]
    for number, attempt in enumerate(attempts[:7]):
        draw(attempt, COLOURS[number % 4])
    end_sweeps()
    assert sweeps.read(sweep)["status"] == "running"
    with transaction() as session:
        record_failure(session, attempt_id=attempts[7].id, failure=Failure(FailureCode.INVALID_REQUEST, "no"))
    for _ in range(2):
        end_sweeps()

    ended = sweeps.read(sweep)
    assert (ended["status"], ended["counts"]["succeeded"], ended["counts"]["failed"]) == ("finished", 7, 1)
    sheet = ended["contact_sheet"]
    picture = download(sheet["url"])
    assert (picture.width, picture.height) == (sheet["width"], sheet["height"])
    shown = {colour for _, colour in picture.convert("RGB").getcolors(2**24) or []}
    assert {*COLOURS, (0xFB, 0xE9, 0xE7)} <= shown
    with transaction() as session:
        [event] = session.scalars(select(WebhookEvent).where(WebhookEvent.sweep_id.is_not(None)))
        assert (event.type, event.data["id"], event.data["status"]) == ("sweep.finished", sweep["id"], "finished")
        assert event.data["contact_sheet"]["url"] is None
        deliveries = select(func.count()).select_from(WebhookDelivery).where(WebhookDelivery.event_id == event.id)
        assert session.execute(deliveries).scalar_one() == 2
        assert list_violations(session) == []
    file = sweeps.ask("GET", f"/files/{sheet['id']}").get_json()
    assert (file["width"], file["height"]) == (sheet["width"], sheet["height"])


def test_a_sheet_that_cannot_be_drawn_holds_up_no_end(sweeps: Sweeps) -> None:
    """After five tries the sweep ends without it."""
    sweep = sweeps.send({"prompts": ["a"]})
    [attempt] = draw_all()
    with transaction() as session:
        key = session.scalars(select(Artifact.storage_key).where(Artifact.job_id == attempt.job_id)).one()
    bucket().put(key, b"no picture", media_type="image/png", sha256="0" * 64)
    for _ in range(5):
        assert sweeps.read(sweep)["status"] == "running"
        end_sweeps()
        with transaction() as session:
            session.execute(update(Sweep).values(next_try_at=func.now()))
    ended = sweeps.read(sweep)
    assert (ended["status"], ended["contact_sheet"]) == ("finished", None)


def test_it_is_cancelled_as_a_whole(sweeps: Sweeps) -> None:
    """What waits ends at once, what runs at its next step; what has succeeded stays and is on the sheet."""
    sweep = sweeps.send(_AXES)
    draw(claim_one(), COLOURS[0])
    running = claim_one()
    path = f"/sweeps/{sweep['id']}/cancel"
    for _ in range(2):
        cancelled = sweeps.ask("POST", path).get_json()
        assert cancelled["status"] == "running"
        assert (cancelled["counts"]["cancelled"], cancelled["counts"]["running"]) == (6, 1)
    assert sweeps.ask("DELETE", f"/sweeps/{sweep['id']}").get_json()["code"] == "sweep_not_finished"
    with transaction() as session:
        record_cancellation(session, attempt_id=running.id)
    end_sweeps()

    ended = sweeps.read(sweep)
    assert (ended["status"], ended["counts"]["cancelled"]) == ("cancelled", 7)
    assert ended["contact_sheet"] is not None
    assert sweeps.ask("POST", path).get_json()["status"] == "cancelled"
    with transaction() as session:
        assert session.execute(select(func.count()).where(WebhookEvent.sweep_id.is_not(None))).scalar_one() == 1


def test_a_cancelled_draft_ends_at_once(sweeps: Sweeps) -> None:
    """With its one event."""
    draft = sweeps.send({"prompts": ["a"], "draft": True})
    assert sweeps.ask("POST", f"/sweeps/{draft['id']}/cancel").get_json()["status"] == "cancelled"
    with transaction() as session:
        [event] = session.scalars(select(WebhookEvent))
        assert event.data["status"] == "cancelled"


def test_a_finished_sweep_cannot_be_cancelled(sweeps: Sweeps) -> None:
    """Neither before its end is recorded nor after."""
    sweep = sweeps.send({"prompts": ["a"]})
    draw_all()
    for _ in range(2):
        answer = sweeps.ask("POST", f"/sweeps/{sweep['id']}/cancel")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "sweep_finished")
        end_sweeps()


def test_a_deleted_sweep_leaves_nothing(sweeps: Sweeps) -> None:
    """Neither its jobs, nor images, nor the sheet; there are receipts of all of them."""
    sweep = sweeps.send({"prompts": ["a", "b"]})
    draw_all()
    end_sweeps()
    ended = sweeps.read(sweep)
    answer = sweeps.ask("DELETE", f"/sweeps/{sweep['id']}")

    receipt = answer.get_json()
    assert (answer.status_code, receipt["status"], receipt["sweep_id"]) == (200, "completed", sweep["id"])
    assert receipt["objects"][0]["deleted_at"] is not None
    assert sweeps.ask("DELETE", f"/sweeps/{sweep['id']}").get_json()["id"] == receipt["id"]
    gone = sweeps.ask("GET", f"/sweeps/{sweep['id']}")
    assert (gone.status_code, gone.get_json()["code"]) == (410, "sweep_deleted")
    assert sweeps.ask("GET", f"/files/{ended['contact_sheet']['id']}").status_code == 410
    assert len(sweeps.ask("GET", "/deletions").get_json()["data"]) == 3
    assert count_jobs() == 0
    assert list(bucket().list_objects(receipt["objects"][0]["key"])) == []


def test_its_row_goes_when_its_time_is_over(sweeps: Sweeps) -> None:
    """Of drafts as well, with its event and what was to be sent of it."""
    ended, draft = sweeps.send({"prompts": ["a"], "webhook": {"url": "https://example.com/own"}}), None
    draft = sweeps.send({"prompts": ["a"], "draft": True})
    draw_all()
    end_sweeps()
    with transaction() as session:
        session.execute(update(Sweep).values(row_expires_at=func.now()))
    apply_retention()

    for sweep in (ended, draft):
        assert sweeps.ask("GET", f"/sweeps/{sweep['id']}").status_code == 404
    with transaction() as session:
        assert session.scalars(select(WebhookEvent).where(WebhookEvent.sweep_id.is_not(None))).all() == []


def test_what_a_dead_process_left_is_done(sweeps: Sweeps, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancel of which no job heard is carried out by the periodic work."""

    sweep = sweeps.send(_AXES)
    monkeypatch.setattr(cancel_sweep, "cancel_cells", lambda **_: None)
    sweeps.ask("POST", f"/sweeps/{sweep['id']}/cancel")
    assert sweeps.read(sweep)["counts"]["queued"] == 8
    monkeypatch.undo()

    run_sweep()
    end_sweeps()
    assert sweeps.read(sweep)["status"] == "cancelled"


def test_events_count_its_jobs(sweeps: Sweeps) -> None:
    """Each start and end in order, with the counts by then, and exactly one last event."""
    sweep = sweeps.send({"prompts": ["a", "b"]})
    draw_all()
    end_sweeps()
    path = f"/sweeps/{sweep['id']}/events"
    found = sweeps.ask("GET", f"{path}?wait=0").get_json()

    assert found["is_finished"] is True
    events = found["data"]
    assert [event["event"] for event in events] == ["started", *["job_started", "job_finished"] * 2, "finished"]
    numbers = [event["id"] for event in events]
    assert numbers == sorted(set(numbers))
    assert events[2]["data"]["counts"] == {"queued": 1, "running": 0, "succeeded": 1, "failed": 0, "cancelled": 0}
    assert events[-1]["data"]["contact_sheet"]["url"].startswith("http")
    rest = sweeps.ask("GET", f"{path}?wait=0&after={numbers[3]}").get_json()
    assert [event["id"] for event in rest["data"]] == numbers[4:]
    assert sweeps.ask("GET", f"{path}?after={numbers[-1]}").status_code == 204


def test_the_webhook_of_an_end_has_the_sheets_address(
    sweeps: Sweeps, account_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed when it is sent, so that a late try has one that works."""
    monkeypatch.setenv("WEBHOOK_ALLOW_HTTP", "true")
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    try:
        with listening() as listener:
            sweeps.send({"prompts": ["a"], "webhook": {"url": listener.url}})
            draw_all()
            end_sweeps()
            deliver_next()
            call = listener.calls.get(timeout=5)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    event = json.loads(call.body)
    assert event["type"] == "sweep.finished"
    sheet = event["data"]["contact_sheet"]
    assert download(sheet["url"]).size == (sheet["width"], sheet["height"])
