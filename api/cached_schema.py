"""Models of headers and queries, whose JSON schema is built once."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel


class CachedSchema(BaseModel):
    """Base of every model of headers or of a query.

    flask-openapi asks for its JSON schema at every request, and building that took a twelfth of a submit.
    """

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The schema. Without arguments it is built once and shared, so do not change it."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else cls._schema()

    @classmethod
    @cache
    def _schema(cls) -> dict[str, Any]:
        return super().model_json_schema()
