"""Text that the database, the tokenizers and a log line can all take."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator

_ALLOWED_CONTROLS = frozenset("\t\n\r")


def normalise_text(text: str) -> str:
    """The text in Unicode's composed form.

    Raises ValueError if it holds half of a surrogate pair, or a control character other than a tab or a line end.
    """
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise ValueError("holds half of a surrogate pair, which is not a character")
        if category == "Cc" and character not in _ALLOWED_CONTROLS:
            raise ValueError("holds a control character")
    return unicodedata.normalize("NFC", text)


PlainText = Annotated[str, AfterValidator(normalise_text)]
