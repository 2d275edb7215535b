"""Which models and tasks a style works with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.catalog import Catalog, Task, find_family, list_families
from core.jobs.request.choose_task import FIELDS_OF
from core.jobs.request.parameter_schema import describe_fields
from core.jobs.request.parameters import ModelParameters, find_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import get_parameters
from core.jobs.styles.style import Recipe
from core.jobs.styles.style_parameters import SIZES


@dataclass(frozen=True)
class WayToDraw:
    """A model with one of its tasks."""

    parameters: ModelParameters
    #: The name of the model's family.
    family: str | None
    #: An image, or a control image.
    has_picture: bool

    @cached_property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The JSON schema of each parameter, by name."""
        return describe_fields(self.parameters)


def list_ways(catalog: Catalog) -> list[WayToDraw]:
    """All that the models can do; nothing of a model whose pipeline is unknown."""
    ways = []
    for model_id, entry in catalog.models.items():
        family = _find_family_name(catalog, model_id)
        for task in entry.tasks:
            found = [find_parameters(catalog, model_id, task, controlled=controlled) for controlled in (False, True)]
            for parameters in filter(None, found):
                has_picture = "image" in FIELDS_OF[task] or "control_image" in parameters.offered
                ways.append(WayToDraw(parameters, family, has_picture))
    return ways


def find_way(request: RenderRequest, catalog: Catalog, default_model: str) -> WayToDraw:
    """What the request asks for. Raises InvalidRequest, as a request without a style would."""
    model_id = default_model if request.model is None else request.model
    parameters = get_parameters(request, catalog, model_id)
    has_picture = request.image is not None or request.control_image is not None
    return WayToDraw(parameters, _find_family_name(catalog, model_id), has_picture)


def list_fitting(recipe: Recipe, ways: Iterable[WayToDraw]) -> dict[str, list[Task]]:
    """The models that the style works with, and for each the tasks."""
    fitting: dict[str, list[Task]] = {}
    for way in ways:
        tasks = fitting.get(way.parameters.model_id, [])
        if way.parameters.task not in tasks and explain_misfit(recipe, way) is None:
            fitting[way.parameters.model_id] = [*tasks, way.parameters.task]
    return fitting


def explain_misfit(recipe: Recipe, way: WayToDraw) -> str | None:
    """Why the style does not work so; None if it does."""
    model_id, task, wanted = way.parameters.model_id, way.parameters.task, recipe.for_
    if model_id in wanted.not_models:
        return f"is not for {model_id}"
    if wanted.models and model_id not in wanted.models:
        return f"is for {', '.join(wanted.models)}, and not for {model_id}"
    if wanted.families and way.family not in wanted.families:
        return f"is for models of {', '.join(wanted.families)}, and {model_id} is one of {way.family}"
    if wanted.tasks and task not in wanted.tasks:
        return f"is for {', '.join(wanted.tasks)}, and not for {task}"
    if wanted.picture and not way.has_picture:
        return "needs a picture to draw from, `image` or `control_image`"
    if "prompt" not in way.parameters.offered:
        return f"needs a prompt, and {model_id} takes none for {task}"
    return _explain_parameters(recipe, way)


def _explain_parameters(recipe: Recipe, way: WayToDraw) -> str | None:
    model_id, task = way.parameters.model_id, way.parameters.task
    for name, value in recipe.parameters.items():
        if way.has_picture and name in SIZES:
            continue
        if name not in way.schemas:
            return f"sets {name}, which {model_id} lacks for {task}"
        if (limit := _find_limit(value, way.schemas[name])) is not None:
            return f"sets {name} to {value}, and {model_id} allows {limit}"
    for lora in recipe.parameters.get("loras", ()):
        if lora["id"] not in way.parameters.loras:
            return f"uses the LoRA {lora['id']}, which {model_id} lacks"
    return None


def _find_limit(value: Any, schema: Mapping[str, Any]) -> str | None:
    """What a schema allows, if that is not the value."""
    if "const" in schema and value != schema["const"]:
        return f"{schema['const']} alone"
    if "enum" in schema and value not in schema["enum"]:
        return ", ".join(map(str, schema["enum"]))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value > schema.get("maximum", value):
        return f"at most {schema['maximum']}"
    if value < schema.get("minimum", value):
        return f"at least {schema['minimum']}"
    step = schema.get("multipleOf")
    return f"multiples of {step}" if step and value % step else None


def _find_family_name(catalog: Catalog, model_id: str) -> str | None:
    family = find_family(catalog.pipeline_class(model_id) or "")
    return next((name for name, each in list_families().items() if each is family), None)
