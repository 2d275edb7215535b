"""The checker finds what is broken, and nothing else."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

import admin.commands
from core.artifacts.storage import bucket
from core.database import transaction
from core.ids import format_id, new_id
from core.jobs.audit.invariants import list_lost_jobs, list_violations
from core.jobs.audit.stored_objects import list_object_violations, read_digests
from core.jobs.outcomes.record_outcome import record_interruption
from core.webhooks.tables import WebhookEndpoint
from infra.local import LocalStack
from tests.integration.attempts import (
    cancel,
    claim_one,
    end_overdue,
    expire_lease,
    fail,
    in_transaction,
    make_available,
    pass_deadline,
    succeed,
    sweep,
)
from tests.integration.conftest import Submit


@pytest.fixture
def history(account_id: UUID, submit: Submit) -> list[UUID]:
    """Jobs that went every way there is: the first succeeded after three attempts, the last one runs."""
    with transaction() as session:
        session.add(WebhookEndpoint(account_id=account_id, url="https://example.org", description="", secret="whsec_"))
    job_id = submit(account_id, idempotency_key="first")
    in_transaction(record_interruption, claim_one().id)
    expire_lease(claim_one())
    sweep()
    succeed(claim_one())

    failed = submit(account_id)
    for _ in range(3):
        make_available(failed)
        fail(claim_one().id)

    cancelled = submit(account_id)
    cancel(account_id, cancelled)

    too_late = submit(account_id, start_deadline_seconds=60, deadline_seconds=90)
    pass_deadline(too_late, of_the_start=True)
    end_overdue()

    running = submit(account_id)
    claim_one()
    queued = submit(account_id, deadline_seconds=60)
    return [job_id, failed, cancelled, running, queued]


def rules() -> set[str]:
    with transaction() as session:
        return {violation.rule for violation in list_violations(session)}


def test_a_lawful_history_breaks_no_rule(history: list[UUID]) -> None:
    """Retries, interruptions, expiries, failures and cancellations are all within the rules."""
    assert rules() == set()


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("update job_attempts set status = 'succeeded' where status = 'expired'", "exactly one winning attempt"),
        ("update job_attempts set status = 'failed', finished_at = now() where status = 'running'", "held by exactly"),
        ("update job_attempts set attempt_number = 9 where status = 'expired'", "without gaps"),
        ("update jobs set attempts_used = 1 where status = 'succeeded'", "used ones"),
        ("update artifacts set attempt_id = (select id from job_attempts where status = 'expired')", "every image"),
        ("delete from artifacts", "every image that it was asked for"),
        (
            "with gone as (delete from webhook_deliveries) delete from webhook_events where type = 'job.failed'",
            "exactly one event",
        ),
        ("update webhook_events set type = 'job.failed' where type = 'job.succeeded'", "exactly one event"),
        (
            (
                "insert into webhook_events (id, account_id, job_id, type, data, request_id) "
                "select uuidv7(), account_id, id, 'job.started', '{}', '' from jobs where status = 'queued'"
            ),
            "a start is announced",
        ),
        ("delete from usage_records", "usage is counted once"),
        ("update jobs set cancel_requested_at = now() where status = 'succeeded'", "a cancel that was asked for"),
        ("update jobs set deadline_at = now() - interval '1 hour' where status = 'queued'", "past its deadline"),
        ("update jobs set start_deadline_at = now() - interval '1 hour' where status = 'queued'", "past its deadline"),
        (
            "update jobs set deadline_at = created_at - interval '1 hour' where status = 'succeeded'",
            "or succeeded after",
        ),
        ("update jobs set start_deadline_at = now() - interval '1 hour' where status = 'running'", "no job started"),
        ("update jobs set expired_at = now() where status = 'succeeded'", "nobody is given an image of an expired job"),
        ("update jobs set row_expires_at = now() - interval '2 hours'", "is gone within the hour"),
        ("update jobs set deleted_at = now() where status = 'failed'", "a deleted job has a receipt"),
        ("update job_attempts set lease_expires_at = now() - interval '1 hour' where status = 'running'", "no lease"),
        ("update job_attempts set status = 'succeeded' where status = 'expired'", "only the last attempt"),
        (
            "update job_attempts set started_at = now() - interval '1 hour' where status = 'succeeded'",
            "when the one before",
        ),
        ("update job_attempts set finished_at = started_at - interval '2 seconds' where status = 'failed'", "it began"),
        ("update jobs set started_at = null where status = 'succeeded'", "starts with its first attempt"),
        ("update job_attempts set status = 'cancelled' where status = 'succeeded'", "by the way that its last attempt"),
        (
            "update jobs set failure_code = 'internal' where status = 'failed' and attempts_opened = 0",
            "by the way that its last attempt",
        ),
        ("update jobs set cancel_requested_at = null where status = 'cancelled'", "only a cancel that was asked for"),
        ("update jobs set available_at = now() + interval '1 hour' where status = 'queued'", "longest delay"),
        (
            "update jobs set max_attempts = 1, attempts_used = 1, attempts_opened = 1 where status = 'queued'",
            "without an attempt left",
        ),
        ("update jobs set deadline_at = finished_at - interval '1 hour' where status = 'failed'", "long after its"),
        (
            "update webhook_events set data = jsonb_set(data::jsonb, '{status}', '\"queued\"')::json",
            "an event says what",
        ),
        ("update webhook_events set data = jsonb_set(data::jsonb, '{failure}', 'null')::json", "an event says what"),
        ("update artifacts set sha256 = repeat('0', 64)", "is in its event"),
        ("update webhook_deliveries set status = 'delivered', finished_at = now()", "when a receiver has taken it"),
        (
            (
                "insert into webhook_attempts (id, account_id, delivery_id, attempt_number, response_duration_ms) "
                "select gen_random_uuid(), account_id, id, 5, 1 from webhook_deliveries"
            ),
            "announced before it was made",
        ),
        ("update artifacts set storage_key = 'artifacts/elsewhere/1/0.png'", "an object lies under the job"),
        (
            (
                "update jobs set current_attempt_id = (select id from job_attempts where status = 'expired') "
                "where status = 'cancelled'"
            ),
            "is one of its own",
        ),
        (
            (
                "insert into idempotency_keys (account_id, key, request_sha256, job_id) "
                "select account_id, 'second', request_sha256, job_id from idempotency_keys"
            ),
            "no job has two",
        ),
        ("update usage_records set images = 9", "usage says what was delivered"),
        ("update usage_records set cost = cost / 2", "usage says what was delivered"),
        (
            "update jobs set filtered_images = '[{\"position\": 1, \"seed\": 2}]' where status = 'succeeded'",
            "but for those that a content filter withheld",
        ),
        (
            "update jobs set filtered_images = '[{\"position\": 0, \"seed\": 1}]' where status = 'succeeded'",
            "no image that was withheld is there",
        ),
    ],
)
def test_damage_is_found(history: list[UUID], damage: str, rule: str) -> None:
    """Each kind of damage is named by its rule."""
    with transaction() as session:
        session.execute(text(damage))

    assert any(rule in broken for broken in rules())


def test_another_accounts_rows_are_found(history: list[UUID], other_account_id: UUID) -> None:
    """A row with the wrong account is named, whichever table it is in."""
    for table in (
        *("job_attempts", "artifacts", "usage_records", "idempotency_keys"),
        *("webhook_endpoints", "webhook_events", "webhook_deliveries"),
    ):
        with transaction() as session:
            session.execute(text(f"update {table} set account_id = :id"), {"id": other_account_id})
            assert {violation.rule for violation in list_violations(session)}, table
            session.rollback()


def test_an_accepted_job_without_a_row_is_found(
    history: list[UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`darkroom-admin verify --accepted FILE` names an accepted job that does not exist."""
    lost = new_id()
    with transaction() as session:
        assert list_lost_jobs(session, history) == []
    ids = tmp_path / "accepted"
    ids.write_text("".join(f"{format_id('job', id_)}\n" for id_ in [*history, lost]))
    monkeypatch.setattr("sys.argv", ["darkroom-admin", "verify", "--accepted", str(ids)])

    with pytest.raises(
        SystemExit, match=f"every accepted job has a row, or a receipt of its deletion: {format_id('job', lost)}"
    ):
        admin.commands.main()


@pytest.mark.parametrize("content", [None, "job_of_another_service"])
def test_a_list_of_accepted_jobs_that_cannot_be_read_is_refused(
    database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    """A file that does not exist, or has lines that are not ids, is refused by name."""
    ids = tmp_path / "accepted"
    if content is not None:
        ids.write_text(content)
    monkeypatch.setattr("sys.argv", ["darkroom-admin", "verify", "--accepted", str(ids)])

    with pytest.raises(SystemExit, match="--accepted: "):
        admin.commands.main()


def test_the_bucket_is_compared_with_the_rows(servers: LocalStack, history: list[UUID]) -> None:
    """A missing image, a changed image and an object without an owner are each found."""
    key = f"artifacts/job_{history[0].hex}/3/0.png"

    def found() -> set[str]:
        with transaction() as session:
            digests = read_digests(session)
        violations = list_object_violations(digests, orphan_grace_seconds=-60)
        return {violation.rule.partition(" ")[2] for violation in violations if history[0].hex in violation.subject}

    assert found() == {"image lies in the bucket"}
    bucket().put(key, b"other bytes", media_type="image/png", sha256="0" * 64)
    assert found() == {"image has the bytes that were rendered or sent"}
    bucket().put(key, b"pixels", media_type="image/png", sha256="0" * 64)
    assert found() == set()
    bucket().put(key.replace("/3/", "/2/"), b"late", media_type="image/png", sha256="0" * 64)
    assert found() == {"object without an owner outlives the grace"}
