"""The headers that an operation reads."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel


class Headers(BaseModel):
    """Base of every model of headers.

    flask-openapi asks for its JSON schema at every request, and making that took a twelfth of a submit.
    """

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The schema; the one without further wishes is made once, and not to be changed."""
        return super().model_json_schema(*args, **kwargs) if args or kwargs else cls._schema()

    @classmethod
    @cache
    def _schema(cls) -> dict[str, Any]:
        return super().model_json_schema()
