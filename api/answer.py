"""An answer of the API with a JSON body."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from pydantic import BaseModel


def answer(view: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The view as a JSON response."""
    return Response(view.model_dump_json(), status=status, mimetype="application/json")
