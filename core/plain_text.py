"""Text that the database, the tokenizers and a log line can all take, and that looks like what it is."""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from itertools import groupby

from pydantic import AfterValidator

#: Control characters but tab and line ends; halves of surrogate pairs; and what makes text read in another order than it
#: is written. Marks of direction (U+200E, U+200F, U+061C) and joiners (U+200C, U+200D) belong to scripts and emoji.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

_FIRST_SURROGATE, _LAST_SURROGATE, _LAST_CONTROL = 0xD800, 0xDFFF, 0x9F

#: Marks in a row on one letter. No language stacks more than a few, and ordering them takes the square of their number.
_MOST_MARKS = 100

#: Categories of characters that leave no ink: controls, formats, and blanks of every kind.
_BLANK_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})

#: Characters of other categories that leave no ink either: fillers, joiners, variation selectors, the empty Braille cell.
_BLANKS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001d159\U000e0000-\U000e0fff]"
)


def normalise_text(text: str, *, at_most: int) -> str:
    """The text in Unicode's composed form (NFC), in which it is stored and shown. The caller has limited its length.

    Raises ValueError if that is longer than `at_most` characters, or if it holds a character that no text needs: half of a
    surrogate pair, a control character other than a tab or a line end, one that reverses the reading order.
    """
    if text.isascii() and text.isprintable():
        return text
    if (refused := _REFUSED.search(text)) is not None:
        raise ValueError(_describe(refused.group()))
    if text.isascii():
        return text
    marks = groupby(text, key=lambda character: unicodedata.combining(character) > 0)
    if any(is_mark and sum(1 for _ in run) > _MOST_MARKS for is_mark, run in marks):
        raise ValueError(f"holds more than {_MOST_MARKS} combining marks in a row")
    composed = unicodedata.normalize("NFC", text)
    if len(composed) > at_most:
        raise ValueError(
            f"has {len(composed):,} characters in Unicode's composed form (NFC), in which it is stored; "
            f"at most {at_most:,} are allowed"
        )
    return composed


def plain_text(*, at_most: int) -> AfterValidator:
    """For the type of a field: `normalise_text` on what is sent. The field's `max_length` stands before it."""
    return AfterValidator(partial(normalise_text, at_most=at_most))


def is_blank(text: str) -> bool:
    """Whether the text shows nothing."""
    return all(
        unicodedata.category(character) in _BLANK_CATEGORIES or _BLANKS.match(character) is not None
        for character in text
    )


def _describe(character: str) -> str:
    code = ord(character)
    if _FIRST_SURROGATE <= code <= _LAST_SURROGATE:
        return "holds half of a surrogate pair, which is not a character"
    if code <= _LAST_CONTROL:
        return f"holds a control character, U+{code:04X}"
    return f"holds U+{code:04X}, which changes the order in which text is read"
