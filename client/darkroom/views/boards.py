"""Lists of pictures, by name."""

from __future__ import annotations

from datetime import datetime

from darkroom.views.view import View


class Board(View):
    """A board."""

    id: str
    #: No two boards of an account have the same.
    name: str
    #: Pictures on it.
    outputs: int
    created_at: datetime
    #: When it got its name.
    updated_at: datetime
