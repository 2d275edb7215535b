"""Operations without query parameters refuse those that they are sent, as 422."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Response, abort, request
from pydantic import BaseModel, ConfigDict, ValidationError

from api.problems import answer_validation_error

_Arguments = ParamSpec("_Arguments")


class _NoQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")


def takes_no_query(operation: Callable[_Arguments, Response]) -> Callable[_Arguments, Response]:
    """Decorator of an operation. It stands below the blueprint's decorator."""

    @wraps(operation)
    def checked(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> Response:
        if request.args:
            try:
                _NoQuery.model_validate(request.args.to_dict())
            except ValidationError as error:
                abort(answer_validation_error(error))
        return operation(*arguments, **named)

    return checked
