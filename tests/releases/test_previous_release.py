"""The previous release keeps working on this one's schema, and each finishes what the other began."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import Connection
from sqlalchemy import Engine, func, update
from sqlalchemy.orm import Session

from core.catalog import get_catalog
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.audit.invariants import list_violations
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.rescue import rescue_expired
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_step_by_step import submit_step_by_step
from core.jobs.tables import Job, JobAttempt
from core.jobs.views.build_view import build_job_view
from core.settings import get_settings
from tests.conftest import REPOSITORY
from tests.integration.attempts import rendered
from tests.releases.record import ORDER
from tests.releases.tape import Tape

#: All statements that the previous release sent to its database.
TAPE = Tape.load(Path(__file__).with_name("statements_of_0003.json"))

PARTS = list(TAPE.parts)

#: Until a job waits, and until it runs.
TO_A_WAITING_JOB = PARTS[: PARTS.index("submit") + 1]
TO_A_RUNNING_JOB = PARTS[: PARTS.index("beat") + 1]

#: The migrations since, oldest first.
REVISIONS = [
    script.revision
    for script in ScriptDirectory.from_config(Config(REPOSITORY / "alembic.ini")).iterate_revisions(
        "head", TAPE.revision
    )
][::-1]


@pytest.fixture
def old_release(empty_database: Engine, alembic: Config) -> Iterator[Connection[Any]]:
    """Its connection to a database whose schema it made."""
    command.upgrade(alembic, TAPE.revision)
    with psycopg.connect(_address(empty_database)) as connection:
        yield connection


@pytest.fixture
def new_release(empty_database: Engine) -> Iterator[Session]:
    """This release's; when the test is over, no rule is broken."""
    with Session(empty_database, expire_on_commit=False) as session:
        yield session
        assert list_violations(session) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_previous_release_works_on_each_schema_since(
    old_release: Connection[Any],
    new_release: Session,
    alembic: Config,
    revision: str,
) -> None:
    """A migration while a job of the previous release runs: all its later statements have the same effect as before."""
    TAPE.play(old_release, *TO_A_RUNNING_JOB)

    command.upgrade(alembic, revision)

    TAPE.play(old_release, *PARTS[len(TO_A_RUNNING_JOB) :])
    command.upgrade(alembic, "head")


def test_this_release_renders_what_the_previous_one_accepted(
    old_release: Connection[Any],
    new_release: Session,
    alembic: Config,
) -> None:
    """A job that waited through the migration is claimed and ended here, and the old API shows it."""
    TAPE.play(old_release, *TO_A_WAITING_JOB)
    command.upgrade(alembic, "head")

    attempt_id = _succeed(new_release)

    assert _status(new_release, TAPE.names["submit"]) == "succeeded"
    TAPE.play(old_release, "read", instead={TAPE.names["claim"]: attempt_id})


def test_this_release_takes_over_what_the_previous_one_left(
    old_release: Connection[Any],
    new_release: Session,
    alembic: Config,
) -> None:
    """A job whose old worker is gone is rescued by the new sweep and rendered here."""
    TAPE.play(old_release, *TO_A_RUNNING_JOB)
    command.upgrade(alembic, "head")
    new_release.execute(update(JobAttempt).values(lease_expires_at=func.now()))
    new_release.commit()

    assert len(rescue_expired(new_release)) == 1
    new_release.commit()
    _succeed(new_release)

    assert _status(new_release, TAPE.names["submit"]) == "succeeded"


def test_the_previous_release_renders_what_this_one_accepted(
    old_release: Connection[Any],
    new_release: Session,
    alembic: Config,
) -> None:
    """A job that was accepted here is claimed, rendered, told of and shown by old processes."""
    TAPE.play(old_release, "open an account", "add a webhook endpoint")
    command.upgrade(alembic, "head")
    submission = Submission(
        request=RenderRequest(**ORDER),
        account_id=TAPE.names["account"],
        request_id="req_test",
        idempotency_key="first",
        catalog=get_catalog(),
        settings=get_settings(),
    )
    job_id = submit_step_by_step(new_release, submission).id
    new_release.commit()

    TAPE.play(
        old_release,
        *("submit again", "wait", "claim", "beat", "succeed", "deliver", "read"),
        instead={TAPE.names["submit"]: job_id},
    )

    assert _status(new_release, job_id) == "succeeded"
    assert build_job_view(new_release, new_release.get_one(Job, job_id)).outputs


def _address(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _succeed(session: Session) -> UUID:
    attempt = claim_step_by_step(session, ClaimingWorker(pool="default", worker_id="new", lease_seconds=30)).attempt
    assert attempt is not None
    session.commit()
    record_success_step_by_step(session, attempt_id=attempt.id, rendered=rendered(attempt))
    session.commit()
    return attempt.id


def _status(session: Session, job_id: UUID) -> str:
    session.expire_all()
    return session.get_one(Job, job_id).status
