"""Which of the next jobs a worker takes first: one whose model it has in memory, within a bound that keeps the order fair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, case, false, func, literal, or_, select, true
from sqlalchemy.orm import Session, aliased

from core.accounts.tables import Account
from core.catalog import Task
from core.database import CompiledQuery, fetch_one
from core.jobs.queue.claimable import claimable, is_waiting
from core.jobs.tables import Job
from core.pools.pauses import is_paused
from core.webhooks.job_starts import wants_start

_Row = TypeVar("_Row", bound="ClaimableJob")

#: How far ahead in the queue a worker looks.
LOOK_AHEAD = 32

# In the statement itself, so that a plan that is kept knows that few rows are wanted.
_ONE = literal(1, literal_execute=True)
_FEW = literal(LOOK_AHEAD, literal_execute=True)

#: The running limit of what is paused.
PAUSED_LIMIT = 0

#: Ranks: a shape that is being drawn, a model in memory, and everything else.
_JOINABLE, _RESIDENT, _ANY = 0, 1, 2


@dataclass(frozen=True)
class Shape:
    """What jobs have to have in common to be drawn together. Sides in pixels."""

    model: str
    width: int
    height: int

    @classmethod
    def of(cls, model: str, request: Mapping[str, Any]) -> Shape:
        """The shape of a job's pictures."""
        return cls(model, request["width"], request["height"])


@dataclass(frozen=True)
class Preference:
    """What a worker would rather have next."""

    #: Models that it has in memory.
    resident: frozenset[str]
    #: Shapes that it is drawing at this moment.
    joinable: frozenset[Shape]
    #: A job that has waited for longer is never passed.
    max_wait_seconds: float

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to choose by."""
        return self.max_wait_seconds <= 0 or not self.resident


@dataclass(frozen=True)
class ClaimableJob:
    """What a claim has to know of a job, of its account, and of the time. The names are the columns' but for the last three."""

    id: UUID
    account_id: UUID
    request_id: str
    pool: str
    priority: int
    fair_position: float
    available_at: datetime
    model: str
    model_revision: str
    task: Task
    request: dict[str, Any]
    style: str | None
    rendered_prompts: dict[str, str] | None
    steps: int | None
    resume_step: int | None
    cost: float
    seed: int
    origin: dict[str, Any] | None
    sweep_id: UUID | None
    #: The account's own limit on its running jobs; 0: the account is paused, or the pool or its model.
    own_limit: int | None
    #: Its own webhook is to be called for its start, which this claim is.
    announces_start: bool
    #: The database's clock.
    now: datetime


@dataclass(frozen=True)
class _PreferredJob(ClaimableJob):
    #: Of the first job of its priority, which this one may pass.
    first_position: float


@dataclass(frozen=True)
class LockedJob:
    """A job that is to be taken, locked."""

    job: ClaimableJob
    #: The fair position that its priority has come to: that of the first job, which another may have passed.
    fair_position: float


#: The pool's name, in every query here.
_POOL = bindparam("pool", required=False, type_=Text)


def build_first(prefer: Preference | None, *, count: int = 1) -> CompiledQuery:
    """Builds the query for the first jobs of the pool `%(pool)s` that nobody else is taking: it locks them, and shows of
    each a `ClaimableJob` and `is_best`, whether no other job could suit the worker better.
    """
    is_best: ColumnElement[bool] = true()
    if prefer is not None and not prefer.is_empty:
        best = _JOINABLE if _list_joins(prefer, Job.model, Job.request) else _RESIDENT
        is_best = _rank(prefer, Job.model, Job.request) == best
    query = claimable(_POOL).with_only_columns(*_columns(), is_best.label("is_best"), maintain_column_froms=True)
    few = literal(count, literal_execute=True)
    return CompiledQuery.of(query.limit(few).with_for_update(of=Job, skip_locked=True))


def choose_first(session: Session, *, pool: str) -> LockedJob | None:
    """Locks and returns the first job that nobody else is taking."""
    job = _fetch(session, _compile_first(), pool, into=_FirstJob)
    return None if job is None else LockedJob(job, job.fair_position)


def choose_preferred(session: Session, *, pool: str, prefer: Preference) -> LockedJob | None:
    """Of the next 32 jobs locks and returns one whose shape is being drawn, or else one whose model is in memory, or else
    the first. Returns None if others are taking all of them.

    No job is passed that has waited for longer than the bound, or that has a better priority.
    """
    job = _fetch(session, _compile_choice(prefer), pool, into=_PreferredJob)
    return None if job is None else LockedJob(job, min(job.fair_position, job.first_position))


@dataclass(frozen=True)
class _FirstJob(ClaimableJob):
    is_best: bool


def _fetch(session: Session, query: CompiledQuery, pool: str, *, into: type[_Row]) -> _Row | None:
    return fetch_one(session.connection(), query.statement, query.parameters | {"pool": pool}, into=into)


def _columns() -> list[Any]:
    """The columns of a `ClaimableJob`."""
    is_stopped = or_(Account.paused_at.is_not(None), is_paused(Job.pool, Job.model))
    own_limit = (
        select(case((is_stopped, literal(PAUSED_LIMIT, literal_execute=True)), else_=Account.max_running_jobs))
        .where(Account.id == Job.account_id)
        .correlate(Job)
        .scalar_subquery()
    )
    computed = {
        "own_limit": own_limit.label("own_limit"),
        "announces_start": and_(Job.started_at.is_(None), wants_start(Job.id)).label("announces_start"),
        "now": func.clock_timestamp().label("now"),
    }
    return [computed.get(field.name, getattr(Job, field.name, None)) for field in fields(ClaimableJob)]


@lru_cache(maxsize=1)
def _compile_first() -> CompiledQuery:
    return build_first(None)


@lru_cache(maxsize=256)
def _compile_choice(prefer: Preference) -> CompiledQuery:
    ranked = _rank_ahead(prefer).subquery()
    may_pass = and_(~ranked.c.is_behind_overdue, ~ranked.c.is_behind_priority)
    return CompiledQuery.of(
        select(*_columns(), ranked.c.first_position)
        .join(ranked, ranked.c.id == Job.id)
        .where(is_waiting())
        .order_by(case((may_pass, ranked.c.rank), else_=_ANY), Job.priority, Job.fair_position, Job.id)
        .limit(_ONE)
        # The look ahead locks nothing, so that workers that look at once do not hide the queue from each other. This
        # locks the one row that is taken, and checks again that it is queued and not held.
        .with_for_update(of=Job, skip_locked=True)
    )


def _rank_ahead(prefer: Preference) -> Select[Any]:
    ahead = aliased(Job, claimable(_POOL).limit(_FEW).subquery())
    order = (ahead.priority, ahead.fair_position, ahead.id)
    is_overdue = func.extract("epoch", func.now() - ahead.available_at) > prefer.max_wait_seconds
    return select(
        ahead.id.label("id"),
        _rank(prefer, ahead.model, ahead.request).label("rank"),
        func.coalesce(func.bool_or(is_overdue).over(order_by=order, rows=(None, -1)), false()).label(
            "is_behind_overdue"
        ),
        (ahead.priority > func.min(ahead.priority).over()).label("is_behind_priority"),
        func.first_value(ahead.fair_position).over(partition_by=ahead.priority, order_by=order).label("first_position"),
    )


def _rank(prefer: Preference, model: Any, request: Any) -> ColumnElement[int]:
    joins = _list_joins(prefer, model, request)
    return case(
        (or_(*joins) if joins else false(), _JOINABLE), (model.in_(sorted(prefer.resident)), _RESIDENT), else_=_ANY
    )


def _list_joins(prefer: Preference, model: Any, request: Any) -> list[ColumnElement[bool]]:
    """Conditions of which one holds for a job whose shape is being drawn."""
    return [
        and_(
            model == shape.model,
            request["width"].as_integer() == shape.width,
            request["height"].as_integer() == shape.height,
        )
        for shape in prefer.joinable
        if shape.model in prefer.resident
    ]
