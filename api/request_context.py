"""Around every request: its id, its log line and its metrics."""

from __future__ import annotations

import re
import time

import structlog
from flask import Flask, Response, g, request

from api.live.asked import find_resumed, is_parked
from api.translation.dialect import find_dialect
from core.ids import format_id, new_id
from core.metrics import HTTP_DURATION_SECONDS, HTTP_REQUESTS

#: What a caller may send as X-Request-Id; anything else is replaced, so that logs cannot be forged.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: Of a place in a route: metrics and logs name the place alone.
_CONVERTER = re.compile(r"<\w+:")

#: Anybody can send any word as a method; only these become labels.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = structlog.get_logger()


def register_request_context(app: Flask) -> None:
    """Give every request an id, bind it to the logs, and send it back."""

    @app.before_request
    def open_context() -> None:
        sent = request.headers.get("X-Request-Id", "")
        resumed = find_resumed(request.environ)
        if resumed is not None:
            g.request_id = resumed.asked.request_id
            g.answered_with = {"waited_ms": round(resumed.waited_seconds * 1000)}
        else:
            g.request_id = sent if _REQUEST_ID.fullmatch(sent) else format_id("req", new_id())
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def close_context(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        if is_parked():
            # It is answered, counted and logged when its wait is over.
            return response
        seconds = time.perf_counter() - g.started
        route = _CONVERTER.sub("<", request.url_rule.rule) if request.url_rule else "unknown"
        method = request.method if request.method in _METHODS else "other"
        HTTP_REQUESTS.labels(method, route, str(response.status_code)).inc()
        HTTP_DURATION_SECONDS.labels(method, route).observe(seconds)
        if route.startswith("/v1/") or find_dialect() is not None:
            _log.info(
                "request_answered",
                method=request.method,
                route=route,
                status=response.status_code,
                duration_ms=round(seconds * 1000, 1),
                **g.get("answered_with", {}),
            )
        return response

    @app.teardown_request
    def forget_context(_error: BaseException | None) -> None:
        structlog.contextvars.clear_contextvars()
