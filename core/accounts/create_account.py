"""Open an account."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.accounts.limits import check_limits
from core.accounts.tables import Account
from core.errors import FieldError, InvalidRequest


def create_account(
    session: Session,
    *,
    name: str,
    weight: float = 1.0,
    max_queued_jobs: int | None = None,
    max_running_jobs: int | None = None,
) -> Account:
    """A new account. `weight` is its share of the workers relative to other accounts, 0.001 to 1000; the limits are on
    the jobs that it may have waiting and running (None: what the deployment's settings say).

    Raises InvalidRequest.
    """
    check_limits(weight=weight, max_queued_jobs=max_queued_jobs, max_running_jobs=max_running_jobs)
    if not name.strip() or not name.isprintable():
        raise InvalidRequest([FieldError("name", "must be printable and not blank")])
    account = Account(name=name, weight=weight, max_queued_jobs=max_queued_jobs, max_running_jobs=max_running_jobs)
    session.add(account)
    session.flush()
    return account
