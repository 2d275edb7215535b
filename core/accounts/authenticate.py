"""Tell which account an API key belongs to."""

from __future__ import annotations

import hmac
from uuid import UUID

from sqlalchemy import Connection

from core.accounts.api_keys import hash_secret, parse_api_key
from core.database import ask
from core.errors import NotAuthenticated

# The key's row is read at every request, so that a revoked key is refused at once.
_FIND_KEY = """
    SELECT account_id, secret_hmac, coalesce(last_used_at < clock_timestamp() - interval '1 minute', true) AS is_stale
    FROM api_keys WHERE id = %(id)s AND revoked_at IS NULL
"""

# Of requests that find it stale at once, one writes.
_NOTE_USE = """
    UPDATE api_keys SET last_used_at = now()
    WHERE id = %(id)s AND coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
"""


def authenticate(connection: Connection, *, api_key: str, pepper: str) -> UUID:
    """The id of the account that the key opens.

    Raises NotAuthenticated, the same for a malformed, unknown, wrong and revoked key.
    """
    parts = parse_api_key(api_key)
    if parts is None:
        raise NotAuthenticated

    row = ask(connection, _FIND_KEY, {"id": parts.id})
    if row is None:
        raise NotAuthenticated
    if not hmac.compare_digest(row.secret_hmac, hash_secret(parts.secret, pepper)):
        raise NotAuthenticated

    if row.is_stale:
        ask(connection, _NOTE_USE, {"id": parts.id})
    account_id: UUID = row.account_id
    return account_id
