"""What a model accepts for a task, as JSON schema: the request's fields with the model's own defaults and limits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from core.catalog import Catalog, Parameter, Task, find_least_steps
from core.jobs.request.choose_task import FIELDS_OF, find_first_task
from core.jobs.request.controlnets import describe_controlnets
from core.jobs.request.loras import describe_loras
from core.jobs.request.number_for_each import CONTROL_SCALE, describe_each
from core.jobs.request.parameters import EVERY_MODELS, ModelParameters, build_adapter, find_parameters
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.request.render_request import RenderRequest

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: The fields whose words a text encoder of CLIP reads.
_PROMPTS = frozenset({"prompt", "prompt_2", "negative_prompt", "negative_prompt_2"})


def describe_parameters(catalog: Catalog, model_id: str) -> dict[Task, dict[str, Any]]:
    """For each task of the model a JSON schema of the body of `POST /v1/jobs`; empty while its pipeline is unknown."""
    schemas = {}
    for task in catalog.get(model_id).tasks:
        parameters = find_parameters(catalog, model_id, task)
        if parameters is not None:
            with_control = find_parameters(catalog, model_id, task, controlled=True)
            schemas[task] = _build_schema(parameters, with_control)
    return schemas


def describe_field(name: str, parameters: ModelParameters) -> dict[str, Any]:
    """The JSON schema of one parameter for a model and a task; empty if there is no such parameter."""
    return describe_fields(parameters).get(name, {})


def describe_fields(parameters: ModelParameters) -> dict[str, dict[str, Any]]:
    """The JSON schema of each parameter for a model and a task, by name."""
    return _build_properties(parameters, None)


def _build_schema(parameters: ModelParameters, with_control: ModelParameters | None) -> dict[str, Any]:
    return {
        "$schema": _DIALECT,
        "title": f"{parameters.model_id}: {parameters.task}",
        "type": "object",
        "properties": _build_properties(parameters, with_control),
        "required": list(_list_required(parameters)),
        "additionalProperties": False,
    }


def _build_properties(parameters: ModelParameters, with_control: ModelParameters | None) -> dict[str, dict[str, Any]]:
    offered, defaults = dict(parameters.offered), dict(parameters.defaults)
    if with_control is not None:
        for name, parameter in with_control.offered.items():
            if offered.setdefault(name, parameter) is parameter and name in with_control.defaults:
                defaults.setdefault(name, with_control.defaults[name])

    own_fields = {*EVERY_MODELS, *offered, *FIELDS_OF[parameters.task]} - _list_absent(parameters)
    properties = {
        name: _put_default(schema, defaults.get(name))
        for name, schema in _field_schemas().items()
        if name in own_fields
    }
    for name, parameter in offered.items():
        if name not in RenderRequest.model_fields:
            default = defaults.get(name, parameter.default)
            owner = parameters if name in parameters.offered or with_control is None else with_control
            properties[name] = {
                **_put_default(build_adapter(name, parameter).json_schema(), default),
                "description": f"`{name}` of diffusers' {owner.pipeline_class}.",
            }
        else:
            properties[name] = properties[name] | _describe_several(name, parameter)
    # Without those of a ControlNet beside them, their names are not there either.
    for name in (parameters.with_control_only & properties.keys()) - {"control_image"}:
        properties[name] = properties[name] | {
            "description": f"{properties[name]['description']} Needs `control_image`."
        }
    properties |= _name_words(properties, parameters)
    properties |= {name: properties[name] | own for name, own in _own_limits(parameters).items() if name in properties}
    if parameters.task == "outpaint" or parameters.enlarges is not None:
        properties |= {name: _follow_picture(properties[name], parameters) for name in ("width", "height")}
    if parameters.facts.own_size:
        properties |= {name: _keep_own(properties[name]) for name in ("width", "height")}
    return properties


def _name_words(properties: dict[str, dict[str, Any]], parameters: ModelParameters) -> dict[str, dict[str, Any]]:
    """The prompts, with the words that the model has by textual inversions."""
    words = ", ".join(parameters.entry.textual_inversions)
    return {
        name: properties[name]
        | {"description": f"{properties[name]['description']} Words of the model's own: {words}."}
        for name in properties.keys() & _PROMPTS
        if words
    }


def _list_absent(parameters: ModelParameters) -> set[str]:
    """Fields of every model that this one lacks: its stages have numbers of steps of their own, or no request chooses its size."""
    own_steps = {"num_inference_steps"} - {*parameters.facts.steps}
    size_follows = parameters.task == "outpaint" or parameters.enlarges is not None or parameters.facts.own_size
    return own_steps | ({"size", "aspect_ratio"} if size_follows else set())


def _list_required(parameters: ModelParameters) -> Iterator[str]:
    needed = FIELDS_OF[parameters.task]
    if find_first_task(parameters.entry.tasks, needed) != parameters.task:
        # With the same pictures, a request that does not name its task gets another one.
        yield "task"
    if parameters.needs_prompt:
        yield "prompt"
    yield from needed
    if parameters.needs_control_image:
        yield "control_image"
    yield from parameters.required_extras


def _describe_several(name: str, parameter: Parameter) -> dict[str, Any]:
    """What a field holds that may be a list."""
    if name == "controlnet_conditioning_scale":
        return describe_each(CONTROL_SCALE, parameter.most)
    return _describe_pictures(parameter) if name in IMAGE_FIELDS else {}


def _describe_pictures(parameter: Parameter) -> dict[str, Any]:
    """What a field of pictures holds: one, or a list of several."""
    one = {"type": "string", "minLength": 1}
    several = {"type": "array", "items": one, "minItems": parameter.least, "maxItems": parameter.most}
    if parameter.least > 1:
        return several
    return one if parameter.most == 1 else {"anyOf": [one, several]}


def _follow_picture(side: dict[str, Any], parameters: ModelParameters) -> dict[str, Any]:
    """A side of a result whose size no request chooses."""
    enlarged = f"is {parameters.enlarges} times that of `image`, rounded down first"
    rule = "follows from `image` and `expand`" if parameters.task == "outpaint" else enlarged
    kept = {name: each for name, each in side.items() if name != "default"}
    return kept | {"description": f"Pixels. It {rule}: leave it out."}


def _keep_own(side: dict[str, Any]) -> dict[str, Any]:
    """A side of a model that draws one size."""
    return side | {"const": side["default"], "description": "Pixels. The model draws no other size: leave it out."}


def _own_limits(parameters: ModelParameters) -> dict[str, dict[str, Any]]:
    entry = parameters.entry
    step = entry.size_step_of(parameters.pipeline_class)
    most_skipped = parameters.most_clip_skip
    most_label = parameters.configuration.most_class_label
    return {
        "clip_skip": {}
        if most_skipped is None
        else {"maximum": min(most_skipped, _field_schemas()["clip_skip"]["maximum"])},
        "model": {"const": parameters.model_id},
        "task": {"const": parameters.task},
        "width": {"default": entry.default_width, "maximum": entry.max_width, "multipleOf": step},
        "height": {"default": entry.default_height, "maximum": entry.max_height, "multipleOf": step},
        **{name: {"minimum": 1, "maximum": entry.max_steps} for name in parameters.facts.steps},
        "num_inference_steps": {
            "default": entry.default_steps,
            "minimum": parameters.configuration.least_steps,
            "maximum": entry.max_steps,
        },
        "num_images": {"maximum": parameters.most_images},
        "scheduler": {
            "default": entry.default_scheduler,
            "enum": list(entry.schedulers),
            **_describe_least_steps(parameters),
        },
        "loras": describe_loras(parameters),
        "class_labels": {} if most_label is None else {"maximum": most_label},
        "controlnets": describe_controlnets(entry.controlnet_names),
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
        choices = [choice for choice in property_.get("anyOf", []) if choice != {"type": "null"}]
        if len(choices) == 1:  # more are those of pictures, which the model decides
            schema |= choices[0]
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
        definition = definitions[schema["$ref"].rpartition("/")[2]]
        return _put_in(definition | {key: value for key, value in schema.items() if key != "$ref"}, definitions)
    return {key: _put_in(value, definitions) for key, value in schema.items()}
