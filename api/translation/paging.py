"""How long a page is, as clients ask for it."""

from __future__ import annotations

from flask import request

from core.errors import FieldError, InvalidRequest

#: Of one page.
_MOST = 100


def read_limit(*, default: int = 20, most: int = _MOST) -> int:
    """What the query's `limit` asks for, 100 at most. `most`: what the other system allows. Raises InvalidRequest."""
    limit = request.args.get("limit", str(default))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= most):
        raise InvalidRequest([FieldError("limit", f"must be an integer from 1 to {most:,}", "out_of_range")])
    return min(int(limit), _MOST)
