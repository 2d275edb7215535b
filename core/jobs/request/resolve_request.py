"""Fix everything that a request leaves open, against the catalog, so that the job can be rendered again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from core.catalog import Catalog, find_least_steps
from core.errors import MOST_FIELD_ERRORS, FieldError, InvalidRequest, ModelNotFetched
from core.jobs.request.choose_task import choose_task
from core.jobs.request.denoising_steps import count_denoising_steps
from core.jobs.request.idle_parameters import list_idle
from core.jobs.request.image_size import Size, follow_input
from core.jobs.request.loras import refuse_loras, settle_loras
from core.jobs.request.parameters import (
    PIPELINES_OWN,
    ModelParameters,
    build_adapter,
    find_field,
    find_nearest,
    find_parameters,
)
from core.jobs.request.render_request import RenderRequest

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
    #: Denoising steps that the job takes: fewer than num_inference_steps if it starts from an image.
    steps: int
    #: One sentence for each parameter that will have no effect, and one if the scheduler needs more steps.
    warnings: list[str]

    @property
    def cost(self) -> float:
        """Megapixel-steps: width x height x steps that are done x images / 1e6."""
        parameters = self.parameters
        pixels = parameters["width"] * parameters["height"] * parameters["num_images"]
        return float(pixels * self.steps / 1e6)


def resolve_request(
    request: RenderRequest,
    *,
    catalog: Catalog,
    default_model: str,
    input_sizes: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> ResolvedRequest:
    """Every default filled in. `input_sizes` are width and height (pixels) of the images in the request's fields.

    Raises InvalidRequest naming each field that the model cannot serve.
    """
    model_id = default_model if request.model is None else request.model
    parameters = _get_parameters(request, catalog, model_id)
    errors = list(islice(_refuse_unknown(request, parameters), MOST_FIELD_ERRORS))
    if errors:
        raise InvalidRequest(errors)

    size = _choose_size(request, parameters, input_sizes)
    values = _fill_in(request, parameters, size)
    steps = count_denoising_steps(values["num_inference_steps"], values.get("strength", 1.0), parameters.step_rounding)
    errors = list(_over_the_limits(values, parameters, steps))
    if errors:
        raise InvalidRequest(errors)

    return ResolvedRequest(
        model=model_id,
        model_revision=catalog.revision(model_id),
        task=parameters.task,
        pool=parameters.entry.pool,
        seed=secrets.randbits(_RANDOM_SEED_BITS) if request.seed is None else request.seed,
        parameters=values,
        steps=steps,
        warnings=[
            *size.warnings,
            *list_idle(values, _list_given(request), parameters, steps=steps),
            *_warn_of_few_steps(values, steps),
        ],
    )


def _get_parameters(request: RenderRequest, catalog: Catalog, model_id: str) -> ModelParameters:
    entry = catalog.find(model_id)
    if entry is None:
        raise InvalidRequest([FieldError("model", f"there is no model {model_id!r}; GET /v1/models lists them")])
    if not catalog.is_available(model_id):
        raise InvalidRequest([FieldError("model", ModelNotFetched.of(model_id).message)])
    task = choose_task(request, entry, model_id)
    parameters = find_parameters(catalog, model_id, task, controlled=request.control_image is not None)
    if parameters is None:
        raise InvalidRequest([FieldError("control_image", f"{model_id} has no ControlNet for {task}")])
    if request.control_image is None and parameters.needs_control_image:
        raise InvalidRequest([FieldError("control_image", f"{model_id} draws by a control image: send one")])
    return parameters


def _refuse_unknown(request: RenderRequest, parameters: ModelParameters) -> Iterator[FieldError]:
    for name in PIPELINES_OWN:
        if getattr(request, name) is not None and name not in parameters.offered:
            yield FieldError(name, _explain_absence(name, parameters))
    if request.loras:
        yield from refuse_loras(request.loras, parameters)

    extras = parameters.extras if request.extra else {}
    for name, value in request.extra.items():
        if (field := find_field(name)) is not None:
            yield FieldError(name, f"given twice: it is another name of {field}")
        elif name not in extras:
            yield FieldError(name, _explain_absence(name, parameters))
        elif value is not None:
            try:
                build_adapter(name, extras[name]).validate_python(value)
            except ValidationError as error:
                yield FieldError(name, error.errors()[0]["msg"].removeprefix("Value error, "))


def _explain_absence(name: str, parameters: ModelParameters) -> str:
    if name in parameters.with_control_only:
        return "needs `control_image`"
    if name == "strength" and parameters.task == "text-to-image" and len(parameters.entry.tasks) > 1:
        return "needs `image`, the picture to start from"
    if name == "mask_feather" and "inpainting" in parameters.entry.tasks:
        return "needs `mask_image`, the mask whose edge it softens"
    place = "" if parameters.task == "text-to-image" else f" for {parameters.task}"
    nearest = None if name in RenderRequest.model_fields else find_nearest(name, parameters)
    hint = f"; did you mean {nearest}?" if nearest else ""
    return f"{parameters.model_id} has no such parameter{place}{hint}"


def _fill_in(request: RenderRequest, parameters: ModelParameters, size: Size) -> dict[str, Any]:
    """Every value, in the order of the request's fields; what the model lacks, or leaves to its pipeline, is absent."""
    entry = parameters.entry
    given = {name: getattr(request, name) for name in PIPELINES_OWN}
    values: dict[str, Any] = {
        **{name: value for name, value in parameters.defaults.items() if name in given},
        **{name: value for name, value in given.items() if value is not None},
        "prompt": request.prompt,
        "width": size.width,
        "height": size.height,
        "num_inference_steps": request.num_inference_steps or entry.default_steps,
        "scheduler": entry.default_scheduler if request.scheduler is None else request.scheduler,
        "num_images": request.num_images,
        "output_format": request.output_format,
    }
    if request.loras:
        values["loras"] = settle_loras(request.loras, parameters)
    if request.deterministic:
        values["deterministic"] = True
    ordered = {name: values[name] for name in RenderRequest.model_fields if name in values}

    extras = {name: value for name, value in parameters.defaults.items() if name not in ordered}
    for name, value in request.extra.items():
        if value is not None:
            extras[name] = build_adapter(name, parameters.extras[name]).validate_python(value)
    return ordered | extras


def _choose_size(
    request: RenderRequest, parameters: ModelParameters, input_sizes: Mapping[str, tuple[int, int]]
) -> Size:
    entry = parameters.entry
    field = next((name for name in ("image", "control_image") if name in input_sizes), None)
    if field is None:
        return Size(request.width or entry.default_width, request.height or entry.default_height)
    return follow_input(
        input_sizes[field],
        width=request.width,
        height=request.height,
        largest=(entry.max_width, entry.max_height),
        multiple=entry.size_step_of(parameters.pipeline_class),
        field=field,
    )


def _list_given(request: RenderRequest) -> set[str]:
    """The parameters that the request itself names, and not as null."""
    return {name for name in request.model_fields_set if getattr(request, name) is not None} | request.extra.keys()


def _over_the_limits(values: dict[str, Any], parameters: ModelParameters, steps: int) -> Iterator[FieldError]:
    entry = parameters.entry
    limits = {
        "width": entry.max_width,
        "height": entry.max_height,
        "num_inference_steps": entry.max_steps,
        "num_images": entry.max_images,
        "clip_skip": parameters.most_clip_skip,
    }
    for field, limit in limits.items():
        if limit is not None and values.get(field, 0) > limit:
            yield FieldError(field, f"this model allows at most {limit}")
    if values["num_inference_steps"] < parameters.configuration.least_steps:
        yield FieldError("num_inference_steps", f"this model needs at least {parameters.configuration.least_steps}")
    step = entry.size_step_of(parameters.pipeline_class)
    for field in ("width", "height"):
        if values[field] % step:
            yield FieldError(field, f"this model needs a multiple of {step}")
    start, end = values.get("control_guidance_start", 0.0), values.get("control_guidance_end", 1.0)
    if start >= end:
        yield FieldError(
            "control_guidance_end" if "control_guidance_end" in values else "control_guidance_start",
            f"the control has to end after its start, and this is from {start:g} to {end:g}",
        )
    if values["scheduler"] not in entry.schedulers:
        yield FieldError("scheduler", f"this model has {', '.join(entry.schedulers)}")
    if steps < 1:
        yield FieldError("strength", "leaves no step to do: num_inference_steps times strength must be 1 or more")


def _warn_of_few_steps(values: dict[str, Any], done: int) -> Iterator[str]:
    """A warning if the scheduler draws wrong colours with so few steps."""
    scheduler = values["scheduler"]
    least = find_least_steps(scheduler, from_picture=values.get("strength", 1.0) < 1)
    if done < least:
        yield f"{scheduler} draws wrong colours with fewer than {least} steps; this job does {done}"
