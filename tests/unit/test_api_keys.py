"""The API key's format."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.accounts.api_keys import format_api_key, hash_secret, new_api_key, parse_api_key


def test_a_key_reads_back_as_it_was_made() -> None:
    """Formatting and parsing are each other's inverse, and no two keys are alike."""
    keys = [new_api_key() for _ in range(100)]

    assert [parse_api_key(format_api_key(key)) for key in keys] == keys
    assert len(set(keys)) == 100


@given(st.integers(0, 64), st.sampled_from("0aZ_-é"))
def test_one_wrong_character_is_noticed(position: int, character: str) -> None:
    """A typing error anywhere in a key makes it malformed (or leaves it as it was)."""
    text = format_api_key(new_api_key())
    changed = text[:position] + character + text[position + 1 :]

    assert parse_api_key(changed) is None or changed == text


@given(st.text())
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    """Whatever a header holds, parsing answers None."""
    assert parse_api_key(text) is None


def test_the_stored_hash_needs_the_pepper() -> None:
    """The same secret under another pepper is another hash."""
    assert hash_secret("secret", "pepper-one") != hash_secret("secret", "pepper-two")
    assert hash_secret("secret", "pepper-one") == hash_secret("secret", "pepper-one")
