"""Run a job's statements once at the start of a process and roll them back, so that no real job is the first."""

from __future__ import annotations

from uuid import UUID

import structlog
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.accounts.create_account import create_account
from core.catalog import get_catalog
from core.database import get_engine
from core.errors import InvalidRequest
from core.jobs.attempts.affinity import Preference
from core.jobs.attempts.claim_jobs import claim_in_one_statement
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.attempts.lease import renew_lease
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.record_successes import record_successes_in_one_statement
from core.jobs.outcomes.rendered import Rendered
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_in_one_statement
from core.jobs.submit.submit_step_by_step import submit_step_by_step
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view
from core.settings import get_settings

#: Of the account, and of a pool that no worker serves.
_NAME = "warm-up"

_log = structlog.get_logger()


def warm_up_statements() -> None:
    """Submits, reads, claims, renews and ends two jobs in one transaction that is rolled back: one job by the short ways, one
    by the long ways. Afterwards the statements of both are built. A database that does not answer is not waited for, and
    a default model that takes no such job (it has not been fetched, or needs a picture) is a warning.
    """
    try:
        with Session(get_engine()) as session:
            _run_two_jobs(session)
            session.rollback()
    except InvalidRequest as error:
        _log.warning("default_model_takes_no_jobs", model=get_settings().default_model, reason=str(error))
    except SQLAlchemyError as error:
        _log.warning("database_not_connected", error=str(error))


def _run_two_jobs(session: Session) -> None:
    connection = session.connection()
    account = create_account(session, name=_NAME)
    # The first submit of an account counts its jobs; from then on slots are known to be free.
    submit_step_by_step(session, _build_submission(account.id, idempotency_key=_NAME))
    job = submit_in_one_statement(connection, _build_submission(account.id))
    if job is None:
        raise AssertionError("a new account has a free slot")
    session.execute(update(Job).where(Job.account_id == account.id).values(pool=_NAME))
    build_job_view(session, session.get_one(Job, job.id))

    worker = _build_worker()
    [first] = claim_in_one_statement(connection, worker, count=1).attempts
    second = claim_step_by_step(session, worker).attempt
    if second is None:
        raise AssertionError("two jobs were there to be claimed")
    renew_lease(session, attempt_id=first.id, step=1, lease_seconds=worker.lease_seconds)

    nothing = Rendered(images=[], receipt={}, warnings=[], render_ms=0, upload_ms=0)
    record_successes_in_one_statement(connection, {first.id: nothing})
    record_success_step_by_step(session, attempt_id=second.id, rendered=nothing)


def _build_submission(account_id: UUID, *, idempotency_key: str | None = None) -> Submission:
    return Submission(
        request=RenderRequest(prompt=_NAME),
        account_id=account_id,
        request_id=_NAME,
        idempotency_key=idempotency_key,
        catalog=get_catalog(),
        settings=get_settings(),
    )


def _build_worker() -> ClaimingWorker:
    """A worker that has just loaded its first model, as most are when they claim for the first time."""
    settings = get_settings()
    return ClaimingWorker(
        pool=_NAME,
        worker_id=_NAME,
        lease_seconds=settings.lease_seconds,
        prefer=Preference(
            resident=frozenset({settings.default_model}),
            joinable=frozenset(),
            max_wait_seconds=settings.affinity_max_wait_seconds,
        ),
    )
