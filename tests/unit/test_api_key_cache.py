"""Which account a key opened a moment ago."""

from __future__ import annotations

from uuid import uuid4

import pytest

from core.accounts import api_key_cache
from core.accounts.api_key_cache import ApiKeyCache
from core.accounts.api_keys import ApiKeyParts, new_api_key


class _Clock:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_key_is_known_for_half_a_minute() -> None:
    """Then, and before it has been confirmed, the database has to be asked."""
    clock = _Clock()
    known, key, account_id = ApiKeyCache("a pepper", now=clock), new_api_key(), uuid4()
    assert known.find(key) is None

    known.remember(key, account_id)

    clock.seconds += 29
    assert known.find(key) == account_id
    clock.seconds += 1
    assert known.find(key) is None


def test_the_id_of_a_known_key_is_not_enough() -> None:
    """Another secret under the same id is another key."""
    known, key = ApiKeyCache("a pepper"), new_api_key()
    known.remember(key, uuid4())

    assert known.find(ApiKeyParts(key.id, new_api_key().secret)) is None


def test_it_holds_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is forgotten for lack of room is asked for again."""
    monkeypatch.setattr(api_key_cache, "_AT_MOST", 2)
    known, keys, account_id = ApiKeyCache("a pepper"), [new_api_key() for _ in range(3)], uuid4()

    for key in keys:
        known.remember(key, account_id)

    assert [known.find(key) for key in keys] == [None, None, account_id]
