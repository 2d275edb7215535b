"""Answers of the API with a JSON body, and those that say that nothing has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Response, request
from pydantic import BaseModel

#: For the API document: what a read answers to an `If-None-Match` that names its ETag.
NOT_MODIFIED: dict[Any, Any] = {304: {"description": "It is still what the ETag in `If-None-Match` names."}}


def answer(view: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The view as a JSON response."""
    return Response(view.model_dump_json(), status=status, mimetype="application/json")


def answer_read(view: BaseModel) -> Response:
    """The view as a JSON response with an ETag of its bytes; 304 if the client has these already."""
    response = answer(view)
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return response


def answer_version(version: str, write: Callable[[], str]) -> Response:
    """The JSON that `write` returns, with an ETag of its version; 304, without writing it, if the client has that already.

    The ETag is weak: what differs between two answers of one version (download addresses are signed anew) is not bytes that
    anybody has to have.
    """
    if request.if_none_match.contains_weak(version):
        response = Response(status=HTTPStatus.NOT_MODIFIED)
        del response.headers["Content-Type"]
    else:
        response = Response(write(), mimetype="application/json")
    response.set_etag(version, weak=True)
    return response
