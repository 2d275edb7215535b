"""The Idempotency-Key header."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

#: A header that stands twice in a request arrives as one, with a comma in it: a client that sent both means two keys, or one by
#: mistake, and a second request with only one of them would be a second job.
ONE_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")

#: Characters.
LONGEST_KEY = 255


def _check_key(key: str) -> str:
    if not ONE_KEY.fullmatch(key):
        raise ValueError("must be one key, given once: printable ASCII without blanks and commas")
    return key


#: One key, as a client chooses it.
IdempotencyKeyText = Annotated[str, AfterValidator(_check_key)]


def idempotency_key_field(meaning: str) -> Any:
    """The field of the header, with what the key means for the operation. Its model has `populate_by_name`."""
    return Field(
        default=None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        json_schema_extra={"pattern": f"^{ONE_KEY.pattern}$"},
        description=meaning,
    )
