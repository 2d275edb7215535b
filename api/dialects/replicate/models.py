"""`/replicate/v1/models`: the models, and what their one version takes, and a deployment that is one."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from api.dialects.replicate.blueprint import replicate_blueprint
from api.dialects.replicate.named_model import build_version_id, find_model, find_version, list_models
from api.dialects.replicate.prediction_request import NOT_IN_INPUT
from core.catalog import get_catalog
from core.jobs.request.parameter_schema import describe_parameters
from core.settings import get_settings
from core.webhook_shapes.replicate import OWNER

#: A model's files have no time of their own.
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"

#: Its clients read the schema as that version of its packer wrote it. In older ones every array was a stream.
_COG_VERSION = "0.16.0"


@replicate_blueprint.get("/models")
def list_all_models() -> Response:
    """Every model that can be drawn with."""
    return jsonify(_show_page([_show_model(id_) for id_ in list_models(get_catalog())]))


@replicate_blueprint.get("/models/<owner>/<name>")
def read_model(owner: str, name: str) -> Response:
    """One model."""
    return jsonify(_show_model(find_model(owner, name)))


@replicate_blueprint.get("/models/<owner>/<name>/versions")
def list_versions(owner: str, name: str) -> Response:
    """Its one version: the weights that are there now."""
    return jsonify(_show_page([_show_version(find_model(owner, name))]))


@replicate_blueprint.get("/models/<owner>/<name>/versions/<version>")
def read_version(owner: str, name: str, version: str) -> Response:
    """A version."""
    return jsonify(_show_version(find_version(owner, name, version)))


@replicate_blueprint.get("/deployments/<owner>/<name>")
def read_deployment(owner: str, name: str) -> Response:
    """One model."""
    return jsonify(_show_deployment(find_model(owner, name)))


def _show_page(results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": results}


def _show_model(model_id: str) -> dict[str, Any]:
    entry = get_catalog().get(model_id)
    return {
        "url": f"{get_settings().public_url}/v1/models/{model_id}",
        "owner": OWNER,
        "name": model_id,
        "description": entry.description,
        "visibility": "public",
        "license_url": entry.licence_url,
        "run_count": 0,
        "latest_version": _show_version(model_id),
        **dict.fromkeys(("github_url", "paper_url", "cover_image_url", "default_example")),
    }


def _show_version(model_id: str) -> dict[str, Any]:
    return {
        "id": build_version_id(model_id),
        "created_at": _UNKNOWN_TIME,
        "cog_version": _COG_VERSION,
        "openapi_schema": {
            "openapi": "3.1.0",
            "info": {"title": f"{OWNER}/{model_id}", "version": build_version_id(model_id)},
            "paths": {},
            "components": {"schemas": {"Input": _describe_input(model_id), "Output": _OUTPUT}},
        },
    }


#: No stream of outputs: they come together.
_OUTPUT = {"title": "Output", "type": "array", "items": {"type": "string", "format": "uri"}}


def _describe_input(model_id: str) -> dict[str, Any]:
    """What the model takes for any of its tasks."""
    tasks = list(describe_parameters(get_catalog(), model_id).values())
    properties: dict[str, Any] = {}
    for task in tasks:
        properties = task["properties"] | properties
    kept = [name for name in properties if name not in {*NOT_IN_INPUT, "task"}]
    required = [name for name in kept if all(name in task["required"] for task in tasks)]
    return {
        "title": "Input",
        "type": "object",
        "properties": {name: properties[name] | {"x-order": number} for number, name in enumerate(kept)},
        "required": required,
    }


def _show_deployment(model_id: str) -> dict[str, Any]:
    return {
        "owner": OWNER,
        "name": model_id,
        "current_release": {
            "number": 1,
            "model": f"{OWNER}/{model_id}",
            "version": build_version_id(model_id),
            "created_at": _UNKNOWN_TIME,
            "created_by": None,
            "configuration": {"hardware": get_catalog().get(model_id).pool, "min_instances": 0, "max_instances": 0},
        },
    }
