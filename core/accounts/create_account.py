"""Open an account."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.accounts.tables import Account
from core.errors import FieldError, InvalidRequest

_LEAST_WEIGHT = 0.001
_MOST_WEIGHT = 1_000


def create_account(session: Session, *, name: str, weight: float = 1.0) -> Account:
    """A new account. `weight` is its share of the workers relative to other accounts, 0.001 to 1000.

    Raises InvalidRequest.
    """
    if not _LEAST_WEIGHT <= weight <= _MOST_WEIGHT:  # also false for NaN, which would spoil every sum it gets into
        raise InvalidRequest([FieldError("weight", f"must lie between {_LEAST_WEIGHT} and {_MOST_WEIGHT}")])
    if not name.strip() or not name.isprintable():
        raise InvalidRequest([FieldError("name", "must be printable and not blank")])
    account = Account(name=name, weight=weight)
    session.add(account)
    session.flush()
    return account
