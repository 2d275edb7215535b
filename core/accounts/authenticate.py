"""Which account an API key opens."""

from __future__ import annotations

import hmac
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from core.accounts.api_keys import ApiKeyParts, hash_secret
from core.database import execute, fetch_one
from core.errors import NotAuthenticated

# The row is read at every request (a submit reads it in a statement of its own), so that a revoked key is refused at once.
_FIND_KEY = """
    SELECT account_id, secret_hmac, coalesce(last_used_at < clock_timestamp() - interval '1 minute', true) AS is_stale
    FROM api_keys WHERE id = %(id)s AND revoked_at IS NULL
"""

# Of several requests that find the use stale at once, one writes.
_NOTE_USE = """
    UPDATE api_keys SET last_used_at = now()
    WHERE id = %(id)s AND coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)
"""

#: A condition for SQL text: the key with the id `%(api_key_id)s` still opens the account `%(account_id)s`.
KEY_STILL_OPENS_ACCOUNT = """
    EXISTS (
        SELECT FROM api_keys AS key
        WHERE key.id = %(api_key_id)s AND key.account_id = %(account_id)s AND key.revoked_at IS NULL
    )
"""


class _Key(NamedTuple):
    account_id: UUID
    secret_hmac: bytes
    is_stale: bool


class _Answer(NamedTuple):
    still_opens: bool


def authenticate(connection: Connection, key: ApiKeyParts, *, pepper: str) -> UUID:
    """Returns the id of the account that the key opens.

    Raises NotAuthenticated, the same for an unknown, wrong and revoked key.
    """
    row = fetch_one(connection, _FIND_KEY, {"id": key.id}, into=_Key)
    if row is None:
        raise NotAuthenticated
    if not hmac.compare_digest(row.secret_hmac, hash_secret(key.secret, pepper)):
        raise NotAuthenticated

    if row.is_stale:
        execute(connection, _NOTE_USE, {"id": key.id})
    return row.account_id


def check_not_revoked(connection: Connection, *, api_key_id: str, account_id: UUID) -> None:
    """Raises NotAuthenticated unless the key, whose secret was checked a moment ago, still opens the account."""
    parameters = {"api_key_id": api_key_id, "account_id": account_id}
    answer = fetch_one(connection, f"SELECT {KEY_STILL_OPENS_ACCOUNT} AS still_opens", parameters, into=_Answer)
    if answer is None or not answer.still_opens:
        raise NotAuthenticated
