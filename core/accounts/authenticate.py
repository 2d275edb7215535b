"""Tell which account an API key belongs to."""

from __future__ import annotations

import hmac
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core.accounts.api_keys import hash_secret, parse_api_key
from core.accounts.tables import ApiKey
from core.database import seconds_from_now
from core.errors import NotAuthenticated


def authenticate(session: Session, *, api_key: str, pepper: str) -> UUID:
    """The id of the account that the key opens.

    Raises NotAuthenticated, the same for a malformed, unknown, wrong and revoked key.
    """
    parts = parse_api_key(api_key)
    if parts is None:
        raise NotAuthenticated

    used_a_while_ago = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < seconds_from_now(-60))
    row = session.execute(
        select(ApiKey.account_id, ApiKey.secret_hmac, used_a_while_ago).where(
            ApiKey.id == parts.id, ApiKey.revoked_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise NotAuthenticated
    account_id, secret_hmac, is_stale = row
    if not hmac.compare_digest(secret_hmac, hash_secret(parts.secret, pepper)):
        raise NotAuthenticated

    if is_stale:
        session.execute(update(ApiKey).where(ApiKey.id == parts.id, used_a_while_ago).values(last_used_at=func.now()))
    return account_id
