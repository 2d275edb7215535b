"""Remembers for 30 s which account an API key belongs to, for callers whose own statement checks the key again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import UUID

from core.accounts.api_keys import ApiKeyParts, hash_secret

#: After this the database is asked again, which also records the use of the key.
_KNOWN_SECONDS = 30.0

#: Keys that are remembered. With more of them in half a minute, the database is asked more often.
_AT_MOST = 10_000


class ApiKeyCache:
    """What the database said about keys. It holds their hashes, as the database does, and no key."""

    def __init__(self, pepper: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._pepper = pepper
        self._now = now
        self._lock = threading.Lock()
        #: By the id and the hash: the account, and until when that is known.
        self._accounts: dict[tuple[str, bytes], tuple[UUID, float]] = {}

    def find(self, key: ApiKeyParts) -> UUID | None:
        """The account that the key opened within the last half minute. It may have been revoked since."""
        account_id, until = self._accounts.get(self._hash(key), (None, 0.0))
        return account_id if self._now() < until else None

    def remember(self, key: ApiKeyParts, account_id: UUID) -> None:
        """Remember what the database has just answered."""
        with self._lock:
            if len(self._accounts) >= _AT_MOST:
                self._accounts.clear()
            self._accounts[self._hash(key)] = (account_id, self._now() + _KNOWN_SECONDS)

    def _hash(self, key: ApiKeyParts) -> tuple[str, bytes]:
        return key.id, hash_secret(key.secret, self._pepper)
