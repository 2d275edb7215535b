"""Which account a key opened a moment ago, for who looks at the key again in the statement that it has to ask anyway."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from uuid import UUID

from core.accounts.api_keys import ApiKeyParts, hash_secret

#: Then the database is asked again, which notes the use of the key.
_KNOWN_SECONDS = 30.0

#: Keys. Who has more in half a minute asks the database more often.
_AT_MOST = 10_000


class ApiKeyCache:
    """What the database said of keys. It holds their hashes, as the database does, and no key."""

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
        """The database has said so at this moment."""
        with self._lock:
            if len(self._accounts) >= _AT_MOST:
                self._accounts.clear()
            self._accounts[self._hash(key)] = (account_id, self._now() + _KNOWN_SECONDS)

    def _hash(self, key: ApiKeyParts) -> tuple[str, bytes]:
        return key.id, hash_secret(key.secret, self._pepper)
