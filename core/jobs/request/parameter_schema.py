"""What a model accepts for a task, as JSON schema: the request's fields with the model's own defaults and limits."""

from __future__ import annotations

from functools import cache
from typing import Any

from core.catalog import Catalog, Task, find_least_steps
from core.jobs.request.choose_task import PICTURES_OF
from core.jobs.request.loras import describe_loras
from core.jobs.request.parameters import EVERY_MODELS, ModelParameters, build_adapter, find_parameters
from core.jobs.request.render_request import RenderRequest

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def describe_parameters(catalog: Catalog, model_id: str) -> dict[Task, dict[str, Any]]:
    """For each task of the model a JSON schema of the body of `POST /v1/jobs`; empty while its pipeline is unknown."""
    schemas = {}
    for task in catalog.get(model_id).tasks:
        parameters = find_parameters(catalog, model_id, task)
        if parameters is not None:
            with_control = find_parameters(catalog, model_id, task, controlled=True)
            schemas[task] = _build_schema(parameters, with_control)
    return schemas


def _build_schema(parameters: ModelParameters, with_control: ModelParameters | None) -> dict[str, Any]:
    offered, defaults = dict(parameters.offered), dict(parameters.defaults)
    if with_control is not None:
        for name, parameter in with_control.offered.items():
            if offered.setdefault(name, parameter) is parameter and name in with_control.defaults:
                defaults.setdefault(name, with_control.defaults[name])

    properties = {}
    for name, schema in _field_schemas().items():
        if name in EVERY_MODELS or name in offered:
            properties[name] = _put_default(schema, defaults.get(name))
    for name, parameter in offered.items():
        if name not in RenderRequest.model_fields:
            default = defaults.get(name, parameter.default)
            owner = parameters if name in parameters.offered or with_control is None else with_control
            properties[name] = {
                **_put_default(build_adapter(name, parameter).json_schema(), default),
                "description": f"`{name}` of diffusers' {owner.pipeline_class}.",
            }
    for name in parameters.with_control_only - {"control_image"}:
        properties[name] = properties[name] | {
            "description": f"{properties[name]['description']} Needs `control_image`."
        }
    properties |= {name: properties[name] | own for name, own in _own_limits(parameters).items() if name in properties}
    return {
        "$schema": _DIALECT,
        "title": f"{parameters.model_id}: {parameters.task}",
        "type": "object",
        "properties": properties,
        "required": [
            "prompt",
            *PICTURES_OF[parameters.task],
            *(["control_image"] if parameters.needs_control_image else []),
        ],
        "additionalProperties": False,
    }


def _own_limits(parameters: ModelParameters) -> dict[str, dict[str, Any]]:
    entry = parameters.entry
    step = entry.size_step_of(parameters.pipeline_class)
    most_skipped = parameters.most_clip_skip
    return {
        "clip_skip": {}
        if most_skipped is None
        else {"maximum": min(most_skipped, _field_schemas()["clip_skip"]["maximum"])},
        "model": {"const": parameters.model_id},
        "width": {"default": entry.default_width, "maximum": entry.max_width, "multipleOf": step},
        "height": {"default": entry.default_height, "maximum": entry.max_height, "multipleOf": step},
        "num_inference_steps": {
            "default": entry.default_steps,
            "minimum": parameters.configuration.least_steps,
            "maximum": entry.max_steps,
        },
        "num_images": {"maximum": entry.max_images},
        "scheduler": {
            "default": entry.default_scheduler,
            "enum": list(entry.schedulers),
            **_describe_least_steps(parameters),
        },
        "loras": describe_loras(parameters),
    }


def _describe_least_steps(parameters: ModelParameters) -> dict[str, dict[str, int]]:
    """Schedulers that need several steps, from noise alone (`strength` 1 or none) and from a picture."""
    names = parameters.entry.schedulers
    least = {"x-least-steps": {name: find_least_steps(name, from_picture=False) for name in names}}
    if "strength" in parameters.offered:
        least["x-least-steps-from-picture"] = {name: find_least_steps(name, from_picture=True) for name in names}
    return {key: {name: steps for name, steps in each.items() if steps > 1} for key, each in least.items()}


def _put_default(schema: dict[str, Any], default: Any) -> dict[str, Any]:
    return schema if default is None else schema | {"default": default}


@cache
def _field_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each field of a request as it is sent: without the null that stands for the model's default."""
    whole = RenderRequest.model_json_schema()
    definitions = whole.get("$defs", {})
    schemas = {}
    for name, property_ in whole["properties"].items():
        schema = {key: value for key, value in property_.items() if key not in {"title", "anyOf", "default"}}
        for choice in property_.get("anyOf", []):
            if choice != {"type": "null"}:
                schema |= choice
        if property_.get("default") is not None:
            schema["default"] = property_["default"]
        schemas[name] = _put_in(schema, definitions)
    return schemas


def _put_in(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with every reference replaced by what it refers to, so that it stands alone."""
    if isinstance(schema, list):
        return [_put_in(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _put_in(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: _put_in(value, definitions) for key, value in schema.items()}
