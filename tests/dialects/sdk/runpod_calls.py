"""Calls of `runpod`, unmodified."""

from __future__ import annotations

import asyncio
import os
from typing import Any

# The client reads where its endpoints are when it is imported.
os.environ["RUNPOD_ENDPOINT_BASE_URL"] = os.environ["DARKROOM_URL"] + "/runpod/v2"

import requests
import runpod
from runpod import AsyncioEndpoint, AsyncioJob
from runpod.endpoint import Job
from runpod.http_client import ClientSession
from serve import serve

runpod.api_key = os.environ["DARKROOM_API_KEY"]


def _endpoint(model: str = "picturebook", api_key: str | None = None) -> Any:
    return runpod.Endpoint(model, api_key=api_key)


def _describe(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    shown = {"error": type(error).__name__, "message": str(error)}
    return shown if response is None else {**shown, "status": response.status_code, "text": response.text}


def run(call: dict[str, Any], model: str = "picturebook", api_key: str | None = None, patience: int = 60) -> Any:
    """Sends a job, waits for it by polling, and shows what the client has of it."""
    try:
        job = _endpoint(model, api_key).run(call)
        first = job.status()
        output = job.output(timeout=patience)
        return {"id": job.job_id, "first": first, "output": output, "status": job.status()}
    except (requests.HTTPError, RuntimeError, TimeoutError) as error:
        return _describe(error)


def run_each(calls: list[dict[str, Any]]) -> Any:
    """In one process: the client takes seconds to be imported."""
    return [run(**call) for call in calls]


def stream_and_cancel(call: dict[str, Any]) -> Any:
    """Sends a job, follows it, and cancels it when it is seen at work."""
    job = _endpoint().run(call)
    parts: list[Any] = []
    answer = None
    for part in job.stream():
        answer = answer or job.cancel()
        parts.append(part)
    return {"id": job.job_id, "parts": parts, "answer": answer}


def run_sync(call: dict[str, Any], timeout: int = 60) -> Any:
    try:
        return _endpoint().run_sync(call, timeout=timeout)
    except requests.RequestException as error:
        return _describe(error)


def stream(job_id: str) -> Any:
    job = Job("picturebook", job_id, _endpoint().rp_client)
    return {"parts": list(job.stream()), "status": job.status()}


def cancel(job_id: str) -> Any:
    job = Job("picturebook", job_id, _endpoint().rp_client)
    return {"answer": job.cancel(), "status": job.status(), "output": job.output()}


def purge() -> Any:
    return _endpoint().purge_queue()


def health() -> Any:
    return _endpoint().health()


def run_asynchronously(call: dict[str, Any]) -> Any:
    async def _run() -> Any:
        async with ClientSession() as session:
            job = await AsyncioEndpoint("picturebook", session).run(call)
            output = await job.output(timeout=60)
            parts = [each async for each in AsyncioJob("picturebook", job.job_id, session, job.headers).stream()]
            return {"output": output, "parts": parts, "status": await job.status()}

    return asyncio.run(_run())


serve(run, run_each, run_sync, stream, stream_and_cancel, cancel, purge, health, run_asynchronously)
