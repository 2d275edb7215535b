"""Calls from web pages of other origins (CORS): those that the deployment names, and no others."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from http import HTTPStatus

from flask import Flask, Response, request
from flask.globals import request_ctx

from api.problems import build_problem
from api.translation.dialect import find_dialect

#: Headers of an answer that a page may read, beside those that every page may.
_EXPOSED = "ETag, Idempotent-Replayed, Location, Preference-Applied, Retry-After, X-Request-Id"

#: Headers that a page may send.
_SENT = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, X-Request-Id"

#: Seconds that a browser remembers what a preflight allowed.
_REMEMBERED = 600


def parse_origins(text: str) -> frozenset[str]:
    """The origins of a setting."""
    return frozenset(filter(None, (part.strip() for part in text.split(","))))


def register_cross_origin(app: Flask, origins: AbstractSet[str]) -> None:
    """Let pages of these origins call the app. Cookies are no part of it: a page sends its key as every client does."""
    if not origins:
        return

    @app.before_request
    def answer_preflight() -> Response | None:
        """A browser asks before it sends a key, and so without one."""
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
            return None
        if request.headers.get("Origin") not in origins:
            return build_problem(
                HTTPStatus.FORBIDDEN,
                "origin_not_allowed",
                "Pages of this origin may not call the API: the setting CORS_ALLOWED_ORIGINS names those that may.",
            )
        response = Response(status=HTTPStatus.NO_CONTENT)
        methods = request_ctx.url_adapter.allowed_methods() if request_ctx.url_adapter else []
        response.headers["Access-Control-Allow-Methods"] = ", ".join(sorted(methods))
        dialect = find_dialect()
        response.headers["Access-Control-Allow-Headers"] = ", ".join(
            [_SENT, *(dialect.sent_headers if dialect else ())]
        )
        response.headers["Access-Control-Max-Age"] = str(_REMEMBERED)
        return response

    @app.after_request
    def allow_origin(response: Response) -> Response:
        # Also where it is not allowed: a cache must not give one origin's answer to another.
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
        return response
