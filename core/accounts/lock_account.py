"""Let one account's transactions take turns."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.tables import Account


def lock_account(session: Session, account_id: UUID) -> None:
    """Lock the account's row until the caller's transaction ends. Other rows can still refer to it."""
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
