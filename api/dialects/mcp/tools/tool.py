"""What a tool is, and how it reads its arguments and shows what it has found."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import mcp_types
from flask import Response, g
from mcp_types import CallToolResult, ContentBlock, TextContent, ToolAnnotations
from pydantic import BaseModel, ValidationError

from api.dialects.mcp.exchange import Exchange
from core.errors import InvalidRequest
from core.field_errors import list_field_errors

_Arguments = TypeVar("_Arguments", bound=BaseModel)
_Function = Callable[[_Arguments], CallToolResult | Response]


@dataclass(frozen=True)
class Tool:
    """One tool."""

    #: As the protocol lists it.
    description: mcp_types.Tool
    call: Callable[[dict[str, Any]], CallToolResult | Response]


#: By name.
TOOLS: dict[str, Tool] = {}


def tool(
    title: str, arguments: type[_Arguments], *, changes: bool = False, destroys: bool = False
) -> Callable[[_Function[_Arguments]], _Function[_Arguments]]:
    """Makes a function a tool of its name. Its docstring is for the model that chooses it. It returns the result, or a response that
    brings it later. `changes`: it does more than read; `destroys`: it ends something.
    """

    def register(function: _Function[_Arguments]) -> _Function[_Arguments]:
        name = function.__name__
        hints = ToolAnnotations(read_only_hint=not changes, destructive_hint=destroys, open_world_hint=False)
        description = mcp_types.Tool(
            name=name,
            title=title,
            description=" ".join((function.__doc__ or "").split()),
            input_schema=arguments.model_json_schema(),
            annotations=hints,
        )
        TOOLS[name] = Tool(description, lambda sent: function(_read(arguments, sent)))
        return function

    return register


def _read(kind: type[_Arguments], sent: dict[str, Any]) -> _Arguments:
    try:
        return kind.model_validate(sent)
    except ValidationError as error:
        raise InvalidRequest(list_field_errors(error)) from None


def current_exchange() -> Exchange:
    """What is being answered."""
    exchange: Exchange = g.mcp_exchange
    return exchange


def build_result(shown: Mapping[str, Any], *more: ContentBlock) -> CallToolResult:
    """A result as JSON, for programs, and, as text, for models; with further contents."""
    text = TextContent(text=json.dumps(shown, ensure_ascii=False))
    return CallToolResult(content=[text, *more], structured_content=dict(shown))
