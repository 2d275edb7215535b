"""Find out which account an API key belongs to."""

from __future__ import annotations

import hmac
from uuid import UUID

from sqlalchemy import Connection

from core.accounts.api_keys import ApiKeyParts, hash_secret
from core.database import fetch_one
from core.errors import NotAuthenticated

# The row is read at every request (a submit reads it in its own statement), so that a revoked key is refused at once.
_FIND_KEY = """
    SELECT account_id, secret_hmac, coalesce(last_used_at < clock_timestamp() - interval '1 minute', true) AS is_stale
    FROM api_keys WHERE id = %(id)s AND revoked_at IS NULL
"""

# If several requests find it stale at once, one of them writes.
_NOTE_USE = """
    UPDATE api_keys SET last_used_at = now()
    WHERE id = %(id)s AND coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
"""


def authenticate(connection: Connection, key: ApiKeyParts, *, pepper: str) -> UUID:
    """The id of the account that the key opens.

    Raises NotAuthenticated, the same for an unknown, wrong and revoked key.
    """
    row = fetch_one(connection, _FIND_KEY, {"id": key.id})
    if row is None:
        raise NotAuthenticated
    if not hmac.compare_digest(row.secret_hmac, hash_secret(key.secret, pepper)):
        raise NotAuthenticated

    if row.is_stale:
        fetch_one(connection, _NOTE_USE, {"id": key.id})
    account_id: UUID = row.account_id
    return account_id
