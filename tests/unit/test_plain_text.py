"""Texts of requests: what is stored as it was sent, what is refused, and why."""

from __future__ import annotations

import unicodedata

import pytest

from core.plain_text import is_blank, normalise_text

#: Unicode's Default_Ignorable_Code_Point, and what looks blank beside it.
INVISIBLE = [
    *("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u3164\ufeff\uffa0\u2800\u00a0\u3000\u2028\u2029\u1680\u180e"),
    *map(chr, range(0x180B, 0x1810)),
    *map(chr, range(0x2000, 0x2010)),
    *map(chr, range(0x2060, 0x2065)),
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, (0x1BCA0, 0x1D173, 0xE0001, 0xE0020, 0xE007F, 0xE0100, 0xE01EF, 0xE0FFF)),
]


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda character: f"U+{ord(character):04X}")
def test_what_shows_nothing_is_blank(character: str) -> None:
    """A text of an invisible character alone is blank, and one letter beside it makes it a text."""
    assert is_blank(character)
    assert is_blank(f" {character}\n{character}")
    assert not is_blank(f"{character}a")


@pytest.mark.parametrize("text", ["a", "杯", "🍵", ".", "\u0301", "क्‍ष", "👩\u200d👩\u200d👧"])
def test_what_shows_something_is_not_blank(text: str) -> None:
    """Letters of every script, signs, emoji and marks are seen."""
    assert not is_blank(text)


@pytest.mark.parametrize("code", [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0, 7, 0x1B, 0x7F, 0x85, 0x9F])
def test_a_character_that_no_text_needs_is_named(code: int) -> None:
    """Bidirectional overrides and isolates and control characters are refused, wherever they stand."""
    for text in (chr(code), f"a mug{chr(code)}", f"é{chr(code)}" + "杯" * 3000):
        with pytest.raises(ValueError, match=rf"U\+{code:04X}\b"):
            normalise_text(text, at_most=4000)


@pytest.mark.parametrize(
    "text", ["\t\r\n", "مقهى \u200fabc\u200e \u061c", "क्\u200dष می\u200cخواهم", "👨\u200d👩\u200d👧 🏳\ufe0f"]
)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    """Tabs, line ends, marks of direction, joiners and variation selectors are stored as they were sent."""
    assert normalise_text(text, at_most=4000) == unicodedata.normalize("NFC", text)


def test_half_a_pair_is_no_character() -> None:
    """A lone surrogate is refused with a sentence, not with Python's."""
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        normalise_text("a\ud83c", at_most=4000)


@pytest.mark.parametrize(("character", "times"), [("\U0001d160", 3), ("\u0958", 2), ("\ufb1d", 2), ("\u0344", 2)])
def test_what_is_stored_can_be_sent_again(character: str, times: int) -> None:
    """Some characters are two or three in the composed form: what fits before and not after is refused, with both numbers."""
    fits = normalise_text("a" + (character + "a") * 10, at_most=11 + 10 * times)

    assert normalise_text(fits, at_most=len(fits)) == fits
    with pytest.raises(ValueError, match=rf"has {len(fits)} characters in .* at most {len(fits) - 1} "):
        normalise_text("a" + (character + "a") * 10, at_most=len(fits) - 1)


def test_marks_are_counted_before_they_are_ordered() -> None:
    """Ordering thousands of marks on one letter would take seconds for a body of 1 MiB; a hundred are taken."""
    taken = "a" + "\u0315\u0316" * 50

    assert normalise_text(taken, at_most=4000) == unicodedata.normalize("NFC", taken)
    with pytest.raises(ValueError, match="more than 100 combining marks"):
        normalise_text(taken + "\u0316", at_most=4000)
    with pytest.raises(ValueError, match="more than 100 combining marks"):
        normalise_text("\u3099\u309a" * 2000, at_most=4000)
