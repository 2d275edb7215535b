"""Open an account."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.accounts.limits import check_limits
from core.accounts.tables import Account
from core.errors import FieldError, InvalidRequest
from core.plain_text import is_blank, normalise_text

_LONGEST_NAME = 200


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

    The name is at most 200 characters long. Raises InvalidRequest.
    """
    check_limits(weight=weight, max_queued_jobs=max_queued_jobs, max_running_jobs=max_running_jobs)
    account = Account(
        name=_check_name(name), weight=weight, max_queued_jobs=max_queued_jobs, max_running_jobs=max_running_jobs
    )
    session.add(account)
    session.flush()
    return account


def _check_name(name: str) -> str:
    if len(name) > _LONGEST_NAME:
        raise InvalidRequest([FieldError("name", f"must be at most {_LONGEST_NAME} characters long")])
    # Half of a surrogate pair is how Python reads a byte of the command line that is no text; isprintable refuses that too.
    if is_blank(name) or not name.isprintable():
        raise InvalidRequest([FieldError("name", "must be printable and not blank")])
    try:
        return normalise_text(name, at_most=_LONGEST_NAME)
    except ValueError as error:
        raise InvalidRequest([FieldError("name", str(error))]) from error
