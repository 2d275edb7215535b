"""How long an account's images and jobs are kept."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.errors import AccountNotFound, FieldError, InvalidRequest

_MOST_SECONDS = 2**31 - 1


def set_retention(session: Session, *, account_id: UUID, changes: dict[str, int | None]) -> Account:
    """Change those of `artifact_retention_seconds` and `job_retention_seconds` that `changes` names: 0 is for ever,
    None is what the deployment's settings say. Applies to jobs that end from now on.

    Raises AccountNotFound and InvalidRequest.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise AccountNotFound
    errors = [
        FieldError(name, f"must lie between 0 and {_MOST_SECONDS}")
        for name, seconds in changes.items()
        if seconds is not None and not 0 <= seconds <= _MOST_SECONDS
    ]
    if errors:
        raise InvalidRequest(errors)
    for name, seconds in changes.items():
        setattr(account, name, seconds)
    session.flush()
    return account
