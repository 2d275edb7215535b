"""Open an account."""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.accounts.tables import Account


def create_account(session: Session, *, name: str, weight: float = 1.0) -> Account:
    """A new account. `weight` is its share of the workers relative to other accounts (more than 0)."""
    account = Account(name=name, weight=weight)
    session.add(account)
    session.flush()
    return account
