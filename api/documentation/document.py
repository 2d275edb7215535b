"""The OpenAPI document as it is served: the framework's, with what this deployment's models take, and with examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask_openapi import OpenAPI

from api.documentation.examples import REQUESTS, build_example
from core.catalog import Catalog, get_catalog
from core.jobs.request.parameters import build_adapter, find_parameters

_JSON = "application/json"

#: In the order in which they stand at an address.
_METHODS = ["post", "get", "put", "patch", "delete"]

#: What the body of a submit is called in the document.
_JOB_REQUEST = "JobRequest"


def complete_document(app: OpenAPI) -> None:
    """Once every operation is registered: the framework serves the document from then on as it is."""
    document: dict[str, Any] = app.api_doc
    _describe_parameters(document["components"]["schemas"][_JOB_REQUEST], get_catalog())
    for operation in _list_operations(document):
        _add_examples(operation, document)
    document["paths"] = _order(document["paths"])


def _order(paths: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """As somebody who is new to it reads them: the short addresses first, and at each of them what makes something."""
    return {
        path: {method: paths[path][method] for method in sorted(paths[path], key=_METHODS.index)}
        for path in sorted(paths, key=lambda path: path.count("/"))
    }


def _describe_parameters(schema: dict[str, Any], catalog: Catalog) -> None:
    """The parameters of the models' pipelines that we have no field for, and that nothing else is taken."""
    for model_id in catalog.models:
        if not catalog.is_available(model_id):
            continue
        for task in catalog.get(model_id).tasks:
            parameters = find_parameters(catalog, model_id, task)
            for name, parameter in (parameters.extras if parameters else {}).items():
                schema["properties"].setdefault(
                    name,
                    build_adapter(name, parameter).json_schema()
                    | {"description": "Of some models' pipelines: `GET /v1/models/{id}` shows which."},
                )
    schema["additionalProperties"] = False


def _list_operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for operation in path.values() if isinstance(operation, dict))


def _add_examples(operation: dict[str, Any], document: dict[str, Any]) -> None:
    requests = REQUESTS.get(operation.get("operationId", ""))
    body = operation.get("requestBody", {}).get("content", {}).get(_JSON)
    if body is not None and "example" not in body and "examples" not in body:
        body["examples"] = requests or {"simple": {"value": build_example(body["schema"], document)}}
    for response in operation["responses"].values():
        for media_type, content in response.get("content", {}).items():
            if media_type == _JSON and not {"example", "examples"} & content.keys():
                content["example"] = build_example(content["schema"], document)
