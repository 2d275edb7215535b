"""Issue and revoke API keys."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from core.accounts.api_keys import format_api_key, hash_secret, new_api_key, parse_api_key
from core.accounts.tables import Account, ApiKey
from core.errors import AccountNotFound, ApiKeyNotFound


def issue_api_key(session: Session, *, account_id: UUID, pepper: str) -> str:
    """A new key of the account, as text: the only time it can be read. Raises AccountNotFound."""
    if session.get(Account, account_id) is None:
        raise AccountNotFound
    key = new_api_key()
    session.add(ApiKey(id=key.id, account_id=account_id, secret_hmac=hash_secret(key.secret, pepper)))
    session.flush()
    return format_api_key(key)


def revoke_api_key(session: Session, *, key: str) -> None:
    """Revoke a key, given whole or by its 12-character id; the next request with it is refused.

    Raises ApiKeyNotFound.
    """
    parts = parse_api_key(key)
    revoked = session.execute(
        update(ApiKey)
        .where(ApiKey.id == (parts.id if parts else key))
        .values(revoked_at=func.coalesce(ApiKey.revoked_at, func.now()))
        .returning(ApiKey.id)
    ).scalar_one_or_none()
    if revoked is None:
        raise ApiKeyNotFound
