"""The headers that an operation reads."""

from __future__ import annotations

from api.cached_schema import CachedSchema


class Headers(CachedSchema):
    """Base of every model of headers."""
