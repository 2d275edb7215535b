"""Calls of the protocol's own client `mcp`, unmodified."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from serve import serve

URL = os.environ["DARKROOM_URL"] + "/mcp"


def _with_client(
    work: Callable[[Client], Awaitable[Any]], *, mode: str = "auto", headers: dict[str, str] | None = None
) -> Any:
    async def run() -> Any:
        key = {"Authorization": "Bearer " + os.environ["DARKROOM_API_KEY"]}
        async with (
            httpx2.AsyncClient(headers=key | (headers or {}), timeout=60) as http,
            Client(streamable_http_client(URL, http_client=http), mode=mode) as client,
        ):
            return await work(client)

    return asyncio.run(run())


def _show(result: Any) -> dict[str, Any]:
    return {
        "is_error": result.is_error,
        "structured": result.structured_content,
        "content": [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in result.content],
    }


def introduce(mode: str = "auto") -> Any:
    """Who the server says it is, and what tools it has."""

    async def work(client: Client) -> Any:
        listed = await client.list_tools()
        return {
            "version": client.protocol_version,
            "instructions": client.instructions,
            "tools": {tool.name: tool.model_dump(mode="json", by_alias=True) for tool in listed.tools},
        }

    return _with_client(work, mode=mode)


def call(
    calls: list[list[Any]], mode: str = "auto", headers: dict[str, str] | None = None, *, watched: bool = False
) -> Any:
    """Calls tools one after the other, in one session, each with its arguments; None stands for the id of the job before."""

    async def work(client: Client) -> Any:
        shown: list[Any] = []
        progress: list[Any] = []

        async def note(done: float, total: float | None, message: str | None) -> None:
            progress.append([done, total, message])

        for name, arguments in calls:
            if "job_id" in arguments and arguments["job_id"] is None:
                arguments["job_id"] = shown[-1]["structured"]["job_id"]
            try:
                result = await client.call_tool(name, arguments, progress_callback=note if watched else None)
                shown.append(_show(result))
            except MCPError as error:
                shown.append({"code": error.code, "message": error.message})
        return {"results": shown, "progress": progress}

    return _with_client(work, mode=mode, headers=headers)


serve(introduce, call)
