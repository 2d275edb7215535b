"""One message of a client and its answer: no session is between two of them, whatever revision of the protocol they are in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import mcp_types as protocol
from flask import Response, request
from mcp_types.methods import serialize_server_result, validate_client_request
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION, MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

SERVER = protocol.Implementation(name="darkroom", title="Darkroom", version="1")

#: Of a refusal's code, its status; to clients of the revisions with a handshake, 404 would mean that their session has ended.
_STATUS = {protocol.METHOD_NOT_FOUND: HTTPStatus.NOT_FOUND}


@dataclass(frozen=True)
class Exchange:
    """A request that is being answered."""

    id: int | str
    method: str
    params: dict[str, Any]
    #: Of the protocol; each message says its own.
    version: str
    #: What notifications of progress name; None: the client wants none, or takes no events.
    progress_token: int | str | None

    @property
    def is_modern(self) -> bool:
        """Whether the revision is one without a handshake, or one that nobody knows yet."""
        return self.version not in HANDSHAKE_PROTOCOL_VERSIONS


class Refusal(Exception):
    """A message is not answered: an error of the protocol."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error = protocol.ErrorData(code=code, message=message, data=data)

    @property
    def status(self) -> HTTPStatus:
        """Of the answer."""
        return _STATUS.get(self.error.code, HTTPStatus.BAD_REQUEST)


def read_exchange(body: dict[str, Any]) -> Exchange | None:
    """The request of a body; None: it is a notification, which is not answered. Raises Refusal for what is neither. Whether there is
    such a method, and whether its parameters are right, is for `check`.
    """
    if "id" not in body:
        if not isinstance(body.get("method"), str):
            raise Refusal(protocol.INVALID_REQUEST, "The body must be one request or one notification.")
        return None
    try:
        sent = protocol.JSONRPCRequest.model_validate(body)
    except ValidationError:
        raise Refusal(protocol.INVALID_REQUEST, "The body must be one request or one notification.") from None
    params = sent.params or {}
    meta = params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    takes_events = request.accept_mimetypes.quality("text/event-stream") > 0
    return Exchange(
        sent.id,
        sent.method,
        params,
        _find_version(sent.method, params),
        token if takes_events and isinstance(token, int | str) else None,
    )


def check(exchange: Exchange) -> None:
    """Raises Refusal for headers that say something else than the message, for a revision or a method that is not spoken, and for
    parameters that the protocol does not know.
    """
    if exchange.is_modern:
        _check_envelope(exchange)
    try:
        validate_client_request(exchange.method, exchange.version, exchange.params)
    except KeyError:
        raise Refusal(protocol.METHOD_NOT_FOUND, f"There is no method {exchange.method!r}.") from None
    except ValidationError:
        raise Refusal(protocol.INVALID_PARAMS, f"The parameters of {exchange.method!r} are not valid.") from None


def _find_version(method: str, params: dict[str, Any]) -> str:
    if method == "initialize":
        asked = params.get("protocolVersion")
        return asked if asked in HANDSHAKE_PROTOCOL_VERSIONS else LATEST_HANDSHAKE_VERSION
    return request.headers.get("MCP-Protocol-Version", protocol.DEFAULT_NEGOTIATED_VERSION)


def _check_envelope(exchange: Exchange) -> None:
    meta = exchange.params.get("_meta")
    needed = (protocol.PROTOCOL_VERSION_META_KEY, protocol.CLIENT_CAPABILITIES_META_KEY)
    missing = [key for key in needed if not isinstance(meta, dict) or key not in meta]
    if not isinstance(meta, dict) or missing:
        raise Refusal(protocol.INVALID_PARAMS, f"The parameters lack _meta[{missing[0]!r}].")
    sent = {"MCP-Protocol-Version": meta[protocol.PROTOCOL_VERSION_META_KEY], "Mcp-Method": exchange.method}
    if exchange.method == "tools/call":
        sent["Mcp-Name"] = exchange.params.get("name")
    for header, value in sent.items():
        if request.headers.get(header) != value:
            raise Refusal(protocol.HEADER_MISMATCH, f"The header {header} is not what the body says.")
    if exchange.version not in MODERN_PROTOCOL_VERSIONS:
        data = {"supported": [*MODERN_PROTOCOL_VERSIONS], "requested": exchange.version}
        raise Refusal(protocol.UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version", data)


def build_answer(result: protocol.Result, exchange: Exchange) -> dict[str, Any]:
    """The answer as JSON has it, with what the revision of the protocol knows."""
    sent = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    shaped = serialize_server_result(exchange.method, exchange.version, sent)
    if exchange.is_modern:
        server = SERVER.model_dump(mode="json", by_alias=True, exclude_none=True)
        shaped["_meta"] = {**shaped.get("_meta", {}), protocol.SERVER_INFO_META_KEY: server}
    return protocol.JSONRPCResponse(jsonrpc="2.0", id=exchange.id, result=shaped).model_dump(mode="json")


def write_result(response: Response, result: protocol.Result, exchange: Exchange) -> Response:
    """Makes the response the answer of the exchange, and returns it."""
    response.status_code = HTTPStatus.OK
    response.mimetype = "application/json"
    response.set_data(json.dumps(build_answer(result, exchange)))
    return response


def write_error(response: Response, status: HTTPStatus, error: protocol.ErrorData, exchange: Exchange | None) -> None:
    """Makes the response an error of the protocol; without an exchange it is of no request."""
    message = protocol.JSONRPCError(jsonrpc="2.0", id=None if exchange is None else exchange.id, error=error)
    shown = message.model_dump(mode="json", exclude_none=True)
    response.status_code = status
    response.mimetype = "application/json"
    response.set_data(json.dumps({"id": None, **shown}))
