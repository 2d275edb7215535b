"""The blueprint of the protocol's one address, who may call it, and its errors."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Response, g, request
from mcp_types import INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR, CallToolResult, TextContent

from api.browser.cross_origin import parse_origins
from api.dialects.mcp.exchange import Exchange, Refusal, write_error, write_result
from api.own_address import SENT_HOST
from api.problems import Problem, build_problem
from api.translation.blueprint import build_dialect_blueprint
from api.translation.dialect import Dialect
from core.settings import get_settings

mcp_blueprint = build_dialect_blueprint("mcp", "/mcp")

#: What pages with a client of the protocol send.
SENT_HEADERS = ("MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id")

#: Codes of the protocol's errors by status. All others have that of a server's own errors.
_CODES = {HTTPStatus.BAD_REQUEST: PARSE_ERROR, HTTPStatus.INTERNAL_SERVER_ERROR: INTERNAL_ERROR} | dict.fromkeys(
    (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    INVALID_REQUEST,
)
_OWN_ERROR = -32000

#: Ends of names that nobody can register, so that no stranger's page has one.
_PRIVATE_NAMES = (".localhost", ".local", ".internal")


@mcp_blueprint.before_request
def check_origin() -> Response | None:
    """Pages of other origins may not call, unless the deployment names them, nor may those of a stranger's name that leads here (DNS
    rebinding).
    """
    own = urlsplit(get_settings().public_url)
    origin = request.headers.get("Origin")
    allowed = {f"{own.scheme}://{own.netloc}", *parse_origins(get_settings().cors_allowed_origins)}
    if origin is not None and origin not in allowed:
        return build_problem(HTTPStatus.FORBIDDEN, "origin_not_allowed", "Pages of this origin may not call /mcp.")
    if not _is_ours(request.environ.get(SENT_HOST), own.hostname):
        detail = "The header Host is another server's: the setting PUBLIC_URL has the name of this one."
        return build_problem(HTTPStatus.FORBIDDEN, "origin_not_allowed", detail)
    return None


def _is_ours(sent: str | None, own: str | None) -> bool:
    """Addresses and private names pass as well: proxies and health checks send those, and no page's host is one of them by rebinding."""
    try:
        host = urlsplit(f"//{sent or ''}").hostname
    except ValueError:
        return False
    if host is None or host == own or "." not in host or host.endswith(_PRIVATE_NAMES):
        return host is not None
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@mcp_blueprint.errorhandler(Refusal)
def show_refusal(refusal: Refusal) -> Response:
    """What is wrong with a message."""
    response = Response()
    exchange: Exchange | None = g.get("mcp_exchange")
    is_modern = exchange is None or exchange.is_modern
    write_error(response, refusal.status if is_modern else HTTPStatus.OK, refusal.error, exchange)
    return response


def show_problem(problem: Problem, response: Response) -> None:
    """What goes wrong in a tool is its result, so that a model reads it and can do better; anything else is an error of the protocol."""
    exchange: Exchange | None = g.get("mcp_exchange")
    found = "".join(f"\n- {each.field}: {each.message}" for each in problem.errors)
    text = f"{problem.detail}{found}"
    if exchange is not None and exchange.method == "tools/call":
        write_result(response, CallToolResult(content=[TextContent(text=text)], is_error=True), exchange)
        return
    status = HTTPStatus(problem.status)
    refusal = Refusal(_CODES.get(status, _OWN_ERROR), text, {"code": problem.code})
    write_error(response, status, refusal.error, exchange)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"


DIALECT = Dialect("mcp", mcp_blueprint, show_problem, SENT_HEADERS)
