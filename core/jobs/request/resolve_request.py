"""Fix everything that a request leaves open, against the catalog, so that the job can be rendered again."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from core.catalog import Catalog, find_least_steps
from core.errors import MOST_FIELD_ERRORS, FieldError, InvalidRequest, ModelNotFetched
from core.jobs.request.allowed_values import add_allowed
from core.jobs.request.asked_size import name_as_sent, name_sides
from core.jobs.request.choose_task import choose_task
from core.jobs.request.collect_errors import collect_errors, find_base
from core.jobs.request.controlnets import settle_controlnets
from core.jobs.request.denoising_steps import count_steps
from core.jobs.request.idle_parameters import list_idle
from core.jobs.request.image_size import Size
from core.jobs.request.limits import list_over_limits
from core.jobs.request.loras import settle_loras
from core.jobs.request.parameters import PIPELINES_OWN, ModelParameters, build_adapter, find_parameters
from core.jobs.request.refused_fields import list_refused_fields
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.result_size import choose_size

#: A random seed is short enough to be read aloud.
_RANDOM_SEED_BITS = 32


@dataclass(frozen=True)
class ResolvedRequest:
    """A request with nothing left to choose."""

    model: str
    model_revision: str
    task: str
    pool: str
    seed: int
    #: Every parameter, as the job shows it.
    parameters: dict[str, Any]
    #: Denoising steps that the job takes: fewer than num_inference_steps if it starts from an image, and more if it draws in
    #: stages.
    steps: int
    #: Pixels of one image, as the pipeline draws it.
    drawn_pixels: int
    #: One sentence for each parameter that will have no effect, and one if the scheduler needs more steps.
    warnings: list[str]

    @property
    def cost(self) -> float:
        """Megapixel-steps: pixels that are drawn x steps that are done x images / 1e6."""
        return float(self.drawn_pixels * self.steps * self.parameters["num_images"] / 1e6)


def resolve_request(
    request: RenderRequest,
    *,
    catalog: Catalog,
    default_model: str,
    input_sizes: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> ResolvedRequest:
    """Every default filled in. `input_sizes` are width and height (pixels) of the first picture in each image field.

    Raises InvalidRequest naming each field that the model cannot serve.
    """
    model_id = default_model if request.model is None else request.model
    try:
        return _resolve(request, catalog, model_id, input_sizes)
    except InvalidRequest as first:
        errors = collect_errors(
            request,
            first.errors,
            lambda rest, wrong: _resolve(rest, catalog, model_id, input_sizes, known_wrong=wrong),
        )
    raise InvalidRequest(add_allowed_values(errors, request, catalog=catalog, default_model=default_model))


def add_allowed_values(
    errors: list[FieldError], request: RenderRequest, *, catalog: Catalog, default_model: str
) -> list[FieldError]:
    """The errors, each of a value with those that the request's model allows."""
    try:
        parameters = get_parameters(request, catalog, default_model if request.model is None else request.model)
    except InvalidRequest:
        return errors
    return [add_allowed(error, parameters) for error in errors]


def _resolve(
    request: RenderRequest,
    catalog: Catalog,
    model_id: str,
    input_sizes: Mapping[str, tuple[int, int]],
    known_wrong: Collection[str] = (),
) -> ResolvedRequest:
    parameters = get_parameters(request, catalog, model_id)
    refused = (error for error in list_refused_fields(request, parameters) if find_base(error) not in known_wrong)
    # One more than an answer holds, and no further: looking for names that are like an unknown one takes long.
    errors = list(islice(refused, MOST_FIELD_ERRORS + 1))
    if errors:
        raise InvalidRequest(errors)

    asked = name_sides(request, parameters)
    try:
        size = choose_size(asked, parameters, input_sizes)
    except InvalidRequest as found:
        errors = found.errors
    else:
        seed = secrets.randbits(_RANDOM_SEED_BITS) if request.seed is None else request.seed
        values = _fill_in(asked, parameters, size, seed)
        steps = count_steps(
            values, parameters.facts.steps, parameters.step_rounding, strength=parameters.facts.last_strength
        )
        errors = list(list_over_limits(values, parameters, steps=steps))
    if errors:
        raise InvalidRequest([name_as_sent(error, request, parameters) for error in errors])

    return ResolvedRequest(
        model=model_id,
        model_revision=catalog.revision(model_id),
        task=parameters.task,
        pool=parameters.entry.pool,
        seed=seed,
        parameters=values,
        steps=steps,
        drawn_pixels=parameters.facts.draws_pixels or size.width * size.height,
        warnings=[
            *size.warnings,
            *list_idle(values, _list_given(request), parameters, steps=steps),
            *_warn_of_few_steps(values, parameters),
        ],
    )


def check_model(model_id: str, catalog: Catalog) -> str:
    """Returns the id, if there is such a model. Raises InvalidRequest, as a submit does."""
    if catalog.find(model_id) is None:
        raise InvalidRequest([_refuse_model(model_id, catalog)])
    return model_id


def get_parameters(request: RenderRequest, catalog: Catalog, model_id: str) -> ModelParameters:
    """What the model has for the request's task. Raises InvalidRequest, naming the model, the task, or a picture that it needs."""
    entry = catalog.find(model_id)
    if entry is None:
        raise InvalidRequest([_refuse_model(model_id, catalog)])
    if not catalog.is_available(model_id):
        raise InvalidRequest([FieldError("model", ModelNotFetched.of(model_id).message, "not_found")])
    task = choose_task(request, entry, model_id)
    parameters = find_parameters(catalog, model_id, task, controlled=request.control_image is not None)
    if parameters is None:
        raise InvalidRequest([FieldError("control_image", f"{model_id} has no ControlNet for {task}", "not_for_model")])
    if request.control_image is None and parameters.needs_control_image:
        raise InvalidRequest(
            [FieldError("control_image", f"{model_id} draws by a control image: send one", "required")]
        )
    return parameters


def _refuse_model(model_id: str, catalog: Catalog) -> FieldError:
    available = [each for each in catalog.models if catalog.is_available(each)]
    message = f"there is no model {model_id!r}; GET /v1/models lists them"
    return FieldError("model", message, "not_found", {"enum": available})


def _fill_in(request: RenderRequest, parameters: ModelParameters, size: Size, seed: int) -> dict[str, Any]:
    """Every value, in the order of the request's fields; what the model lacks, or leaves to its pipeline, is absent."""
    entry = parameters.entry
    given = {name: _to_json(getattr(request, name)) for name in PIPELINES_OWN}
    values: dict[str, Any] = {
        **{name: value for name, value in parameters.defaults.items() if name in given},
        **{name: value for name, value in given.items() if value is not None},
        "width": size.width,
        "height": size.height,
        "scheduler": entry.default_scheduler if request.scheduler is None else request.scheduler,
        "seed": seed,
        "num_images": request.num_images,
        "output_format": request.output_format,
    }
    if request.output_quality is not None:
        values["output_quality"] = request.output_quality
    if "num_inference_steps" in parameters.facts.steps:
        values["num_inference_steps"] = request.num_inference_steps or entry.default_steps
    if request.ip_adapter_image is None:
        values.pop("ip_adapter_scale", None)
    values |= settle_controlnets(request, entry.controlnet_names)
    if request.expand is not None:
        values["expand"] = request.expand.model_dump()
    if request.loras:
        values["loras"] = settle_loras(request.loras, parameters)
    if request.style is not None:
        values["style"] = request.style
    if request.deterministic:
        values["deterministic"] = True
    ordered = {name: values[name] for name in RenderRequest.model_fields if name in values}

    fields = RenderRequest.model_fields
    extras = {name: value for name, value in parameters.defaults.items() if name not in fields}
    for name, value in request.extra.items():
        if value is not None:
            extras[name] = _to_json(build_adapter(name, parameters.extras[name]).validate_python(value))
    return ordered | extras


def _to_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _list_given(request: RenderRequest) -> set[str]:
    """The parameters that the request itself names, and not as null."""
    return {name for name in request.model_fields_set if getattr(request, name) is not None} | request.extra.keys()


def _warn_of_few_steps(values: dict[str, Any], parameters: ModelParameters) -> Iterator[str]:
    """A warning if the scheduler draws wrong colours with so few steps."""
    scheduler = values["scheduler"]
    least = find_least_steps(scheduler, from_picture=values.get("strength", 1.0) < 1)
    # A pipeline that draws in stages has the scheduler of the last one.
    strength = parameters.facts.last_strength
    done = count_steps(values, parameters.facts.steps[-1:], parameters.step_rounding, strength=strength)
    if done < least:
        yield f"{scheduler} draws wrong colours with fewer than {least} steps; this job does {done}"
