"""Pause and resume a pool or a model for everybody, as an operator asks for: so that another program can have the device."""

from __future__ import annotations

from sqlalchemy import and_

from core.database import transaction
from core.jobs.queue.paused_jobs import AT_ONCE, bring_back, of_model, set_aside
from core.jobs.queue.running_limit import release_where_allowed
from core.jobs.tables import Job
from core.pools.pauses import record_pause, remove_pause


def pause_work(*, pool: str, model: str | None) -> bool:
    """From now on no job of the pool, or of the model in it, starts; workers put the running ones back at their next heartbeat,
    without using up an attempt, and release the memory of the models. Returns whether it was not paused before.

    The jobs of a model are set aside, so that claims do not read them: those among the next 1,000 at once, in transactions
    of their own, and the others by the claims that come to them.
    """
    with transaction() as session:
        is_new = record_pause(session, pool=pool, model=model)
    if model is not None:
        while _set_aside(pool, model) == AT_ONCE:
            continue
    return is_new


def resume_work(*, pool: str, model: str | None, max_running_jobs: int | None) -> bool:
    """Ends the pause. Returns whether there was one. `max_running_jobs` holds for accounts without a limit of their own."""
    with transaction() as session:
        was_paused = remove_pause(session, pool=pool, model=model)
    if model is not None:
        while _bring_back(pool, model) == AT_ONCE:
            continue
        # A job that was held as well was not released by those that ended in the pause.
        with transaction() as session:
            release_where_allowed(session, max_running_jobs=max_running_jobs)
    return was_paused


def _set_aside(pool: str, model: str) -> int:
    with transaction() as session:
        return set_aside(session, of_model(pool, model))


def _bring_back(pool: str, model: str) -> int:
    with transaction() as session:
        return bring_back(session, and_(Job.pool == pool, Job.model == model))
