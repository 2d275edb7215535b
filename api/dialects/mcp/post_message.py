"""`POST /mcp`: a message of a client. All others of the protocol's addresses and methods are for sessions, which there are none of."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import mcp_types as protocol
from flask import Response, g
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from api.dialects.mcp.blueprint import mcp_blueprint
from api.dialects.mcp.exchange import SERVER, Exchange, Refusal, check, read_exchange, write_result
from api.dialects.mcp.tools import catalog, jobs, sweeps, wait_for_job  # noqa: F401  (each adds its tools)
from api.dialects.mcp.tools.tool import TOOLS
from api.translation.submit import read_object

#: What a model reads before it uses the tools.
INSTRUCTIONS = (
    "Darkroom draws images on its own GPUs, in a durable queue. `submit_job` answers at once with a job id, which stays valid in every "
    "session; `wait_for_job` waits for less than a minute: call it again until the job has ended. A job that nobody waits for is drawn "
    "all the same, and `find_jobs` finds it later. Images are links, with one small thumbnail: show the links, and never repeat a picture "
    "as base64. For the same thing in many ways use `submit_sweep`."
)

_CAPABILITIES = protocol.ServerCapabilities(tools=protocol.ToolsCapability())

#: Milliseconds for which a client may keep the list of tools.
_KEPT_MS = 300_000


@mcp_blueprint.post("")
def post_message() -> Response:
    """Answers a request; a notification is taken note of."""
    exchange = read_exchange(read_object())
    if exchange is None:
        return Response(status=HTTPStatus.ACCEPTED)
    g.mcp_exchange = exchange
    check(exchange)
    if exchange.method == "tools/call":
        return _call_tool(exchange)
    build = _RESULTS.get(exchange.method)
    if build is None:
        raise Refusal(protocol.METHOD_NOT_FOUND, f"There is no method {exchange.method!r}.")
    return write_result(Response(), build(exchange), exchange)


def _call_tool(exchange: Exchange) -> Response:
    tool = TOOLS.get(exchange.params["name"])
    if tool is None:
        raise Refusal(protocol.INVALID_PARAMS, f"Unknown tool: {exchange.params['name']}")
    result = tool.call(exchange.params.get("arguments") or {})
    return result if isinstance(result, Response) else write_result(Response(), result, exchange)


def _initialize(exchange: Exchange) -> protocol.Result:
    return protocol.InitializeResult(
        protocol_version=exchange.version, capabilities=_CAPABILITIES, server_info=SERVER, instructions=INSTRUCTIONS
    )


def _discover(_: Exchange) -> protocol.Result:
    return protocol.DiscoverResult(
        supported_versions=[*MODERN_PROTOCOL_VERSIONS],
        capabilities=_CAPABILITIES,
        instructions=INSTRUCTIONS,
        ttl_ms=_KEPT_MS,
        cache_scope="public",
    )


def _list_tools(_: Exchange) -> protocol.Result:
    return protocol.ListToolsResult(
        tools=[tool.description for tool in TOOLS.values()], ttl_ms=_KEPT_MS, cache_scope="public"
    )


_RESULTS: dict[str, Callable[[Exchange], protocol.Result]] = {
    "initialize": _initialize,
    "server/discover": _discover,
    "tools/list": _list_tools,
    "ping": lambda _: protocol.EmptyResult(),
}
