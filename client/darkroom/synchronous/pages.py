"""Lists that come in pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from darkroom.answers import Answer, read_view
from darkroom.request import get
from darkroom.synchronous.transport import Transport

_MOST_ON_A_PAGE = 100


def list_json(transport: Transport, path: str, limit: int | None = None, **filters: Any) -> Iterator[dict[str, Any]]:
    """All things of a list, or the first `limit` of them; the next page is asked for when it is needed."""
    cursor = None
    left = limit
    while left is None or left > 0:
        size = _MOST_ON_A_PAGE if left is None else min(left, _MOST_ON_A_PAGE)
        page = transport.ask_json(get(path, limit=size, cursor=cursor, **filters))
        for value in page["data"]:
            yield value
        cursor = page.get("next_cursor")
        if cursor is None:
            return
        left = None if left is None else left - len(page["data"])


def list_views(
    transport: Transport, path: str, view: type[Answer], limit: int | None = None, **filters: Any
) -> Iterator[Answer]:
    """The same, as views."""
    for value in list_json(transport, path, limit, **filters):
        yield read_view(view, value)
