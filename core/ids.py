"""Ids: UUIDv7 in the database (sortable by age), prefixed on the wire (`job_0199…`)."""

from __future__ import annotations

import re
from uuid import UUID

from uuid_utils.compat import uuid7

_HEX = re.compile(r"[0-9a-f]{32}")


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7()


def format_id(prefix: str, value: UUID) -> str:
    """The id as clients see it: `format_id("job", …)` is `job_` and 32 hexadecimal digits."""
    return f"{prefix}_{value.hex}"


def parse_id(prefix: str, text: str) -> UUID | None:
    """The UUID inside a prefixed id, or None if the text is not such an id."""
    head, _, digits = text.partition("_")
    if head != prefix or not _HEX.fullmatch(digits):
        return None
    return UUID(hex=digits)
