"""The versioned, authenticated part of the API: what its blueprints share."""

from __future__ import annotations

from typing import Any

from flask.blueprints import Blueprint, BlueprintSetupState
from flask_openapi import APIBlueprint, Tag
from werkzeug.routing import BaseConverter

from api.authentication import require_account
from api.json_body import set_body_limit


def describe_problems(problems: dict[int, str]) -> dict[Any, Any]:
    """Error answers of an operation, for the API document: status to meaning."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": meaning, "content": content} for status, meaning in problems.items()}


def _operation_id(*, name: str, **_: str) -> str:
    """The function's name: what generated clients call the operation."""
    return name


def build_blueprint(name: str, tag: str, description: str) -> APIBlueprint:
    """A blueprint under /v1 whose every operation needs an API key."""
    blueprint = APIBlueprint(
        name,
        __name__,
        url_prefix="/v1",
        abp_tags=[Tag(name=tag, description=description)],
        abp_security=[{"api_key": []}],
        operation_id_callback=_operation_id,
        abp_responses={
            **describe_problems(
                {
                    401: "The API key is missing, malformed or revoked.",
                    422: "The request is not valid; `errors` names each field.",
                    503: "The database does not answer, or takes no writes; try again after Retry-After seconds.",
                }
            ),
            414: {
                "description": "The address is longer than 4,094 bytes. Nothing of it was read.",
                "content": {"text/html": {}},
            },
        },
    )
    blueprint.before_request(require_account)
    blueprint.before_request(set_body_limit)
    return blueprint


def exclude_words(*words: str) -> str:
    """The beginning of a pattern that none of the words matches."""
    return rf"(?!(?:{'|'.join(words)})$)"


def add_id_converter(blueprint: Blueprint, name: str, *words: str) -> None:
    """`<name:…>` at the end of an address of the blueprint is any text but these words: such an address has the methods of an id, and
    those alone.
    """

    class IdConverter(BaseConverter):
        regex = exclude_words(*words) + r"[^/]+"

    @blueprint.record_once
    def register_converter(state: BlueprintSetupState) -> None:
        state.app.url_map.converters[name] = IdConverter
