"""An account's share of the service: its weight, and how many jobs it may have waiting and running."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.errors import AccountNotFound, FieldError, InvalidRequest

_LEAST_WEIGHT = 0.001
_MOST_WEIGHT = 1_000
_MOST_JOBS = 2**31 - 1


def set_limits(session: Session, *, account_id: UUID, changes: dict[str, Any]) -> Account:
    """Change those of `weight`, `max_queued_jobs` and `max_running_jobs` that `changes` names; None resets a limit of
    jobs to the deployment's settings. Jobs that the old limit held can run after the next sweep.

    Raises AccountNotFound and InvalidRequest.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    check_limits(**changes)
    for name, value in changes.items():
        setattr(account, name, value)
    session.flush()
    return account


def check_limits(
    *, weight: float = 1.0, max_queued_jobs: int | None = None, max_running_jobs: int | None = None
) -> None:
    """Raises InvalidRequest naming each limit that is out of bounds."""
    errors = []
    if not _LEAST_WEIGHT <= weight <= _MOST_WEIGHT:  # also false for NaN, which would spoil every sum it gets into
        errors.append(FieldError("weight", f"must lie between {_LEAST_WEIGHT} and {_MOST_WEIGHT}"))
    for name, limit in (("max_queued_jobs", max_queued_jobs), ("max_running_jobs", max_running_jobs)):
        if limit is not None and not 1 <= limit <= _MOST_JOBS:
            errors.append(FieldError(name, f"must lie between 1 and {_MOST_JOBS}"))
    if errors:
        raise InvalidRequest(errors)
