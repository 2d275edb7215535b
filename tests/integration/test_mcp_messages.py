"""Messages of the Model Context Protocol as they are on the wire: who may send them, and what each revision makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.settings import get_settings

#: The header of clients with a handshake.
HANDSHAKE = {"MCP-Protocol-Version": "2025-11-25"}

VERSION = "io.modelcontextprotocol/protocolVersion"
META: dict[str, Any] = {VERSION: "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


class Sender:
    """Sends messages with a key."""

    def __init__(self, client: FlaskClient, api_key: str) -> None:
        self._client = client
        self._key = {"Authorization": f"Bearer {api_key}", "Accept": "application/json, text/event-stream"}

    def send(self, method: str, params: dict[str, Any] | None = None, /, **headers: Any) -> TestResponse:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return self._client.post("/mcp", json=message, headers=self._key | headers)

    def send_body(self, body: bytes) -> TestResponse:
        return self._client.post("/mcp", data=body, content_type="application/json", headers=self._key)


@pytest.fixture
def sender(client: FlaskClient, api_key: str) -> Sender:
    """Somebody with a key of the account."""
    return Sender(client, api_key)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "own"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8000"}, 403),
        ({"Host": "darkroom-api:8000"}, 200),
        ({"Host": "10.0.0.7"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "darkroom.svc.cluster.local:80"}, 200),
        ({"Authorization": "Bearer dk_of_nobody"}, 401),
    ],
)
def test_strangers_pages_are_kept_out(sender: Sender, headers: dict[str, str], status: int) -> None:
    """`Origin` and Host are checked, as the protocol has it, and every answer is one of its messages."""
    sent = {name: get_settings().public_url if value == "own" else value for name, value in headers.items()}
    answer = sender.send("ping", **HANDSHAKE, **sent)
    assert answer.status_code == status
    assert answer.get_json()["jsonrpc"] == "2.0"
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


NEWEST = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "get_job"}
CALL = {"name": "get_job", "arguments": {"job_id": "job_of_nobody"}, "_meta": META}
UNKNOWN = {"MCP-Protocol-Version": "2030-01-01", "Mcp-Method": "tools/list"}


@pytest.mark.parametrize(
    ("method", "params", "headers", "expected"),
    [
        ("tools/call", CALL, NEWEST, (200, None)),
        ("tools/call", CALL, NEWEST | {"Mcp-Name": "cancel_job"}, (400, -32020)),
        ("tools/call", CALL, NEWEST | {"Mcp-Method": "tools/list"}, (400, -32020)),
        ("tools/call", CALL | {"_meta": {}}, NEWEST, (400, -32602)),
        ("resources/list", {"_meta": META}, NEWEST | {"Mcp-Method": "resources/list"}, (404, -32601)),
        ("tools/list", {"_meta": META | {VERSION: "2030-01-01"}}, UNKNOWN, (400, -32022)),
        # To a client with a handshake 404 would mean that its session has ended.
        ("resources/list", {}, HANDSHAKE, (200, -32601)),
        ("of/nobody", {}, HANDSHAKE, (200, -32601)),
        ("tools/call", {"name": 7}, HANDSHAKE, (200, -32602)),
        ("tools/call", {"name": "draw"}, HANDSHAKE, (200, -32602)),
        ("tools/list", {}, {}, (200, None)),
    ],
)
def test_each_revision_is_held_to_its_rules(
    sender: Sender, method: str, params: dict[str, Any], headers: dict[str, str], expected: tuple[int, int | None]
) -> None:
    """Headers and bodies that disagree, and revisions, methods and tools that nobody speaks."""
    answer = sender.send(method, params, **headers)
    assert (answer.status_code, answer.get_json().get("error", {}).get("code")) == expected, answer.text


def test_revisions_are_negotiated(sender: Sender) -> None:
    """A client with a handshake has the revision that it asks for, or the newest of those; and no session."""
    for asked, had in (("2025-03-26", "2025-03-26"), ("2024-11-05", "2024-11-05"), ("1999-01-01", "2025-11-25")):
        me = {"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "me", "version": "1"}}
        answer = sender.send("initialize", me)
        assert answer.get_json()["result"]["protocolVersion"] == had
        assert "Mcp-Session-Id" not in answer.headers
    newest = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "server/discover"}
    answer = sender.send("server/discover", {"_meta": META}, **newest)
    assert answer.get_json()["result"]["supportedVersions"] == ["2026-07-28"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        (b"[]", 422, -32600),
        (b'{"jsonrpc":"2.0","id":1}', 400, -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', 400, -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 400, -32600),
        (b"{}", 400, -32600),
    ],
)
def test_what_is_no_message_is_refused(sender: Sender, body: bytes, status: int, code: int) -> None:
    """And a notification is taken note of."""
    answer = sender.send_body(body)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (status, code)
    note = sender.send_body(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode())
    assert (note.status_code, note.data) == (202, b"")


def test_what_tools_take_is_whole(sender: Sender) -> None:
    """No schema refers to what is not in it, and none is long: a model reads all of them."""
    listed = sender.send("tools/list", **HANDSHAKE).get_json()["result"]["tools"]
    for tool in listed:
        text = json.dumps(tool["inputSchema"])
        assert "$ref" not in text or "$defs" in text, tool["name"]
        assert "GET /v1/models" not in text, tool["name"]
    assert len(json.dumps(listed)) < 20_000


def test_a_session_has_nothing_to_open(client: FlaskClient, api_key: str) -> None:
    """Clients that ask for a stream of the session, or end one, go on without."""
    for method in ("GET", "DELETE"):
        answer = client.open("/mcp", method=method, headers={"Authorization": f"Bearer {api_key}"})
        assert (answer.status_code, "POST" in answer.headers["Allow"]) == (405, True)
