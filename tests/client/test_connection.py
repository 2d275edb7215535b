"""Where address and key come from, and who gets to see them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from darkroom import Darkroom, NotAuthenticated, NotConfigured
from darkroom.connection import Connection, find_connection, forget_login, login_file, read_login, write_login

_KEPT = Connection("https://kept.example", "dk_kept")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set, and nothing kept."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("DARKROOM_URL", raising=False)
    monkeypatch.delenv("DARKROOM_API_KEY", raising=False)


def test_the_call_counts_before_the_environment_and_this_before_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each for itself."""
    write_login(_KEPT)
    assert find_connection() == Connection("https://kept.example", "dk_kept", str(login_file()))

    monkeypatch.setenv("DARKROOM_URL", "https://set.example/")
    monkeypatch.setenv("DARKROOM_API_KEY", "dk_set")
    assert find_connection() == Connection("https://set.example", "dk_set", "the environment")
    assert find_connection(api_key="dk_given").api_key == "dk_given"


def test_a_kept_key_is_for_its_own_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another service does not get to see it."""
    write_login(_KEPT)
    monkeypatch.setenv("DARKROOM_URL", "https://other.example")

    with pytest.raises(NotConfigured, match="no API key for https://other"):
        find_connection()


def test_a_login_is_for_its_owner_alone() -> None:
    """And can be forgotten."""
    path = write_login(_KEPT)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_login() is not None
    assert forget_login()
    assert read_login() is None
    assert not forget_login()


def test_a_broken_login_says_so() -> None:
    """And what to do."""
    write_login(_KEPT).write_text("{")
    with pytest.raises(NotConfigured, match="run `darkroom login` again"):
        find_connection()


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        (None, "dk_1", "no address"),
        ("https://darkroom.example", None, "no API key"),
        ("darkroom.example", "dk_1", "is no address"),
        ("ftp://darkroom.example", "dk_1", "is no address"),
        ("https://darkroom.example", "dk_1\n", "was it copied whole"),
    ],
)
def test_what_cannot_be_used_is_said(url: str | None, key: str | None, said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(NotConfigured, match=said):
        Darkroom(url, key)


def test_a_key_that_is_not_accepted(account: Connection) -> None:
    """Is an error of its own, and not in its text."""
    other_key = account.api_key[:-1] + ("y" if account.api_key.endswith("x") else "x")
    with Darkroom(account.url, other_key) as darkroom, pytest.raises(NotAuthenticated) as refused:
        darkroom.queue.get()

    assert account.api_key[:-1] not in str(refused.value)
    assert account.api_key not in repr(darkroom.connection)


def test_the_store_does_not_get_to_see_the_key(darkroom: Darkroom) -> None:
    """Pictures lie elsewhere."""
    assert "Authorization" not in darkroom._transport.store.headers
