"""Live through a job once at the start of a process and take it all back, so that no real job is the first."""

from __future__ import annotations

import structlog
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.accounts.create_account import create_account
from core.catalog import get_catalog
from core.database import get_engine
from core.jobs.attempts.claim import ClaimingWorker, claim_job
from core.jobs.attempts.lease import renew_lease
from core.jobs.outcomes.record_outcome import record_success
from core.jobs.outcomes.rendered import Rendered
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.submit import submit_job
from core.jobs.tables import Job
from core.jobs.views.build_view import build_job_view
from core.settings import get_settings

#: A pool that no worker serves.
_POOL = "rehearsal"

_log = structlog.get_logger()


def warm_up_statements() -> None:
    """Submit, read, claim, renew and finish in one transaction that is rolled back: connections are open and every
    statement is compiled afterwards. A database that does not answer is not waited for.
    """
    try:
        with Session(get_engine()) as session:
            _run_one_job(session)
            session.rollback()
    except SQLAlchemyError as error:
        _log.warning("database_not_connected", error=str(error))


def _run_one_job(session: Session) -> None:
    settings = get_settings()
    account = create_account(session, name="rehearsal")
    job_id = submit_job(
        session,
        RenderRequest(prompt="rehearsal"),
        account_id=account.id,
        request_id="rehearsal",
        idempotency_key="rehearsal",
        catalog=get_catalog(),
        settings=settings,
    ).id
    session.execute(update(Job).where(Job.id == job_id).values(pool=_POOL))
    build_job_view(session, session.get_one(Job, job_id))

    attempt = claim_job(
        session, ClaimingWorker(pool=_POOL, worker_id="rehearsal", lease_seconds=settings.lease_seconds)
    )
    if attempt is None:
        raise AssertionError("the rehearsal's own job was not there to be claimed")
    renew_lease(session, attempt_id=attempt.id, step=1, lease_seconds=settings.lease_seconds)
    nothing = Rendered(images=[], receipt={}, warnings=[], render_ms=0, upload_ms=0)
    record_success(session, attempt_id=attempt.id, rendered=nothing)
