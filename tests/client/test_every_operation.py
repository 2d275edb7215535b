"""Each operation of the API has a method in both clients, which sends that operation and reads its answer."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from darkroom import AsyncDarkroom, Darkroom, NotFound
from darkroom.connection import Connection
from darkroom.parameters import Parameters

from infra.local import LocalStack
from tests.client.operations import CALLS, Things, make_things

#: "Calls `GET /v1/jobs`" of a docstring.
_CALLS = re.compile(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/\S+?)`")

#: How the methods name parameters of a query: a page is turned by the method itself, and a stream is resumed by `after`.
_NAMED = {"metadata.user": "metadata"}
_OWN = {"cursor"}


@pytest.fixture(scope="module")
def document(stack: LocalStack) -> dict[str, Any]:
    """The API document, as it is served."""
    return dict(httpx2.get(f"{stack.url}/openapi.json").raise_for_status().json())


def _list_operations(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """By id: method and path."""
    return {
        operation["operationId"]: (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def _list_methods(client: type | object) -> Iterator[Any]:
    """The public methods of a client and of what stands at its attributes."""
    for part in (client, *vars(client).values()):
        if type(part).__module__.startswith("darkroom.") and not type(part).__name__.endswith("Transport"):
            yield from (
                method for name, method in inspect.getmembers(part, inspect.ismethod) if not name.startswith("_")
            )


@pytest.fixture(scope="module", params=[Darkroom, AsyncDarkroom])
def client(request: pytest.FixtureRequest) -> Any:
    """A client of each kind, which sends nothing."""
    return request.param("http://127.0.0.1:1", "dk_none")


def test_every_operation_has_a_method(document: dict[str, Any], client: Any) -> None:
    """Its docstring says which one it calls; no method calls an operation that is not there."""
    called = {found for method in _list_methods(client) for found in _CALLS.findall(inspect.getdoc(method) or "")}

    assert called == set(_list_operations(document).values())
    assert CALLS.keys() == _list_operations(document).keys()


def test_every_parameter_of_a_query_can_be_given(document: dict[str, Any], client: Any) -> None:
    """By a method that calls the operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            names = {
                _NAMED.get(each["name"], each["name"])
                for each in operation.get("parameters", ())
                if each["in"] == "query"
            }
            taken = {
                name
                for function in _list_methods(client)
                if (method.upper(), path) in _CALLS.findall(inspect.getdoc(function) or "")
                for name in inspect.signature(function).parameters
            }
            if "polling" in taken:
                taken.add("wait")
            assert names - _OWN <= taken, operation["operationId"]


def test_every_field_of_a_body_can_be_given(document: dict[str, Any], client: Any) -> None:
    """By a method that calls the operation."""
    schemas = document["components"]["schemas"]
    checked = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            fields = schemas[schema["$ref"].rpartition("/")[2]]["properties"] if "$ref" in schema else {}
            functions = [
                inspect.signature(function).parameters
                for function in _list_methods(client)
                if (method.upper(), path) in _CALLS.findall(inspect.getdoc(function) or "")
            ]
            taken = {"for" if name == "works_with" else name for each in functions for name in each}
            if taken & {"parameters", "changes"} and "prompt" in taken:
                taken |= {*Parameters.__annotations__, "dry_run"}
            if "filters" in taken:
                taken |= {*inspect.signature(client.jobs.list).parameters}
            assert fields.keys() <= taken, (operation["operationId"], fields.keys() - taken)
            checked += len(fields)
    assert checked > 100


def test_the_parameters_are_those_of_the_service(document: dict[str, Any]) -> None:
    """No parameter is offered that the service does not know."""
    known = document["components"]["schemas"]["JobRequest"]["properties"]

    assert {*Parameters.__annotations__, "prompt", "dry_run"} == known.keys()


def _find_sent(requests: list[httpx2.Request], operations: dict[str, tuple[str, str]]) -> set[str]:
    """The ids of the operations that the requests were. Of two that fit, it is the one with more of its path fixed."""
    found = set()
    for request in requests:
        fitting = [
            (path.count("{"), name)
            for name, (method, path) in operations.items()
            if method == request.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.url.path)
        ]
        found.add(min(fitting)[1])
    return found


@pytest.mark.slow
def test_every_method_sends_its_operation(document: dict[str, Any], darkroom: Darkroom, cat: Path) -> None:
    """And reads what the service answers."""
    operations = _list_operations(document)
    things = make_things(darkroom, cat)
    sent: list[httpx2.Request] = []
    darkroom._transport.http.event_hooks = {"request": [sent.append]}
    for name in CALLS:
        sent.clear()
        try:
            answer = CALLS[name](darkroom, things)
            _check(name, next(answer, None) if isinstance(answer, Iterator) else answer)
        except NotFound as error:
            # Previews stay for a minute at most.
            if error.code != "preview_not_found":
                raise
        assert name in _find_sent(sent, operations)


@pytest.mark.slow
def test_every_method_of_the_asynchronous_client_sends_its_operation(
    document: dict[str, Any], darkroom: Darkroom, account: Connection, cat: Path
) -> None:
    """And reads what the service answers."""
    operations = _list_operations(document)
    asyncio.run(_call_all(account, operations, make_things(darkroom, cat)))


async def _call_all(account: Connection, operations: dict[str, tuple[str, str]], things: Things) -> None:
    sent: list[httpx2.Request] = []

    async def keep(request: httpx2.Request) -> None:
        sent.append(request)

    async with AsyncDarkroom(account.url, account.api_key) as darkroom:
        darkroom._transport.http.event_hooks = {"request": [keep]}
        for name in CALLS:
            sent.clear()
            try:
                answer = CALLS[name](darkroom, things)
                if isinstance(answer, AsyncIterator):
                    _check(name, await anext(answer, None))
                    await answer.aclose()  # type: ignore[attr-defined]  # a generator
                else:
                    _check(name, await answer)
            except NotFound as error:
                if error.code != "preview_not_found":
                    raise
            assert name in _find_sent(sent, operations)


def _check(name: str, answer: Any) -> None:
    if name in {"delete_style", "delete_board", "delete_webhook_endpoint"}:
        assert answer is None
    elif name not in {"list_jobs", "get_recall"}:
        assert answer is not None
