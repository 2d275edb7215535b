"""What all answers have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """An answer of the service. It keeps fields that this client does not know, so that a newer server is read as well."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True, populate_by_name=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # All of it would fill a screen; `model_dump()` shows it.
        yield from (
            (name, value)
            for name in ("id", "name", "status", "type", "code", "seed", "width", "height")
            if (value := getattr(self, name, None)) is not None
        )
