"""Calls of `fal_client`, unmodified."""

from __future__ import annotations

import hashlib
import os
from typing import Any
from urllib.request import urlopen

HOST = os.environ["DARKROOM_URL"].removeprefix("https://")

# The client reads them while it is imported.
os.environ["FAL_QUEUE_RUN_HOST"] = f"{HOST}/fal"
os.environ["FAL_RUN_HOST"] = f"{HOST}/fal/run"
os.environ["FAL_KEY"] = os.environ["DARKROOM_API_KEY"]

import fal_client  # noqa: E402
from serve import describe, serve  # noqa: E402

MODEL = "darkroom/picturebook"


def _client(options: dict[str, Any] | None) -> fal_client.SyncClient:
    return fal_client.SyncClient(**(options or {}))


def _describe(error: fal_client.client.FalClientHTTPError) -> dict[str, Any]:
    kept = ("x-fal-request-id", "x-fal-error-type", "x-fal-retryable", "x-fal-request-timeout-type")
    headers = {name: error.response_headers[name] for name in kept if name in error.response_headers}
    shown = describe(error) | {"detail": error.message, "error_type": error.error_type, "headers": headers}
    return dict(shown)


def _show(status: Any) -> dict[str, Any]:
    return {"status": type(status).__name__, **vars(status)}


def _digest(result: Any) -> list[str]:
    digests = []
    for image in result["images"]:
        with urlopen(image["url"]) as opened:
            digests.append(hashlib.sha256(opened.read()).hexdigest())
    return digests


def subscribe(application: str = MODEL, options: dict[str, Any] | None = None, **call: Any) -> Any:
    """The result, with what its images hold, and what the client has seen on the way."""
    seen: list[dict[str, Any]] = []
    ids: list[str] = []
    try:
        result = _client(options).subscribe(
            application, on_enqueue=ids.append, on_queue_update=lambda status: seen.append(_show(status)), **call
        )
    except fal_client.client.FalClientHTTPError as error:
        return _describe(error)
    except fal_client.client.FalClientTimeoutError as error:
        return describe(error) | {"request_id": error.request_id}
    return {"result": result, "sha256": _digest(result), "seen": seen, "id": ids[0]}


def run(application: str = MODEL, times: int = 1, **call: Any) -> Any:
    """The hashes of what each call has drawn."""
    try:
        return [_digest(fal_client.run(application, **call)) for _ in range(times)]
    except fal_client.client.FalClientHTTPError as error:
        return _describe(error)


def submit(application: str = MODEL, options: dict[str, Any] | None = None, **call: Any) -> Any:
    try:
        handle = _client(options).submit(application, **call)
    except fal_client.client.FalClientHTTPError as error:
        return _describe(error)
    same = fal_client.SyncClient().get_handle(application, handle.request_id)
    return {"id": handle.request_id, "is_same": vars(same)["status_url"] == handle.status_url}


def submit_each(calls: list[dict[str, Any]]) -> Any:
    return [submit(**call) for call in calls]


def status(job_id: str, *, with_logs: bool = False) -> Any:
    return _show(fal_client.status(MODEL, job_id, with_logs=with_logs))


def result(job_id: str) -> Any:
    try:
        return fal_client.result(MODEL, job_id)
    except fal_client.client.FalClientHTTPError as error:
        return _describe(error)


def cancel(job_id: str) -> Any:
    try:
        fal_client.cancel(MODEL, job_id)
    except fal_client.client.FalClientHTTPError as error:
        return _describe(error)
    return None


serve(subscribe, run, submit, submit_each, status, result, cancel)
