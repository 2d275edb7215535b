"""Which parameters a model has for a task: the fields of a request, measured against its pipeline's signature."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import AliasChoices, ConfigDict, Field, PlainValidator, TypeAdapter

from core.catalog import (
    Catalog,
    ClassFacts,
    LoraEntry,
    ModelConfiguration,
    ModelEntry,
    Parameter,
    PipelineSignature,
    StepRounding,
    Task,
    find_task_signature,
    is_controlled,
)
from core.catalog.measured import find_measured
from core.jobs.request.choose_task import FIELDS_OF
from core.jobs.request.controlnets import offer_controlnets
from core.jobs.request.denoising_steps import REPETITION
from core.jobs.request.ip_adapter import offer_ip_adapter
from core.jobs.request.job_options import JobOptions
from core.jobs.request.number_for_each import FOR_EACH, check_each
from core.jobs.request.render_request import Prompt, RenderRequest

#: Fields of a request that mean the same for every model, whatever its pipeline's signature says.
EVERY_MODELS = frozenset(
    {
        *("task", "model", "width", "height", "num_inference_steps", "scheduler", "seed", "num_images"),
        *("size", "aspect_ratio", "style", "loras", "deterministic", "output_format", "output_quality"),
        *JobOptions.model_fields,
    }
)
#: Fields that a model has if its pipeline's signature has them. `expand` is neither: the task decides.
PIPELINES_OWN = [name for name in RenderRequest.model_fields if name not in {*EVERY_MODELS, "expand"}]

#: Smallest and largest value of parameters that we have no field for; the limits of the others follow.
_LIMITS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("eta", "guidance_rescale", "cfg_truncation", "cfg_trunc_ratio"), (0, 1)),
    **dict.fromkeys(("control_guidance_start", "control_guidance_end"), (0, 1)),
    **dict.fromkeys(("skip_layer_guidance_start", "skip_layer_guidance_stop"), (0, 1)),
    **dict.fromkeys(("aesthetic_score", "negative_aesthetic_score"), (0, 10)),
    "skip_layer_guidance_scale": (0, 100),
    "original_inference_steps": (1, 1000),
    "jump_length": (1, 1000),
    "jump_n_sample": (1, 100),
    "micro_conditioning_aesthetic_score": (0, 10),
}
_NUMBER_LIMITS = (-1000.0, 1000.0)
_INTEGER_LIMITS = (0, 65_536)

#: What the renderer itself does for inpainting and outpainting, before and after the pipeline. A cell of most models' latents is eight pixels wide.
_OF_INPAINTING = {"mask_feather": Parameter("integer", 8, "mask_feather")}
_OF_MASKS = {"mask_mode": Parameter("text", None, "mask_mode")}
INPAINTING_TASKS = frozenset({"inpainting", "outpaint"})

#: As diffusers' documents divide the steps.
_OF_REFINER = {"refine_from": Parameter("number", 0.8, "refine_from")}

#: No parameter has a longer name.
_LONGEST_NAME = 64


@dataclass(frozen=True)
class ModelParameters:
    """What a model takes for one task."""

    model_id: str
    entry: ModelEntry
    pipeline_class: str
    task: Task
    #: With a ControlNet beside the model.
    controlled: bool
    #: Every parameter that a request may set because of the pipeline or the task, fields of ours or not.
    offered: dict[str, Parameter]
    #: Parameters that the model has only beside a control image.
    with_control_only: frozenset[str]
    #: The values of parameters that a request leaves out, as far as they are known and matter.
    defaults: dict[str, Any]
    #: The LoRAs that were made for the model, by id.
    loras: dict[str, LoraEntry]
    #: Those of them whose files are still to be fetched.
    unfetched_loras: frozenset[str]
    #: What the pipeline makes of num_inference_steps x strength.
    step_rounding: StepRounding
    #: What the pipeline's signature does not say.
    facts: ClassFacts
    #: What the model's own folder says of its components.
    configuration: ModelConfiguration

    @property
    def most_clip_skip(self) -> int | None:
        """The most layers that `clip_skip` can leave out; None if the model's encoders are not known here."""
        return self.configuration.most_clip_skip(self.pipeline_class)

    @property
    def needs_control_image(self) -> bool:
        """Whether the pipeline draws by a control image, and by nothing else.

        Its signature does not always say so. A class beside a ControlNet is chosen by the image; others have no other class.
        """
        return "control_image" in self.offered and (
            self.offered["control_image"].is_required or not is_controlled(self.pipeline_class)
        )

    @property
    def needs_prompt(self) -> bool:
        """Whether a request has to say what the picture shows."""
        return "prompt" in self.offered and not self.facts.prompt_is_optional

    @property
    def enlarges(self) -> int | None:
        """How many times as wide and high as its picture the result is; None if a request chooses its size."""
        return self.facts.enlarges if self.task == "upscale" else None

    @property
    def most_images(self) -> int:
        """The most images of one job: some pipelines draw one at a time."""
        measured = find_measured(self.pipeline_class, self.task)
        return 1 if measured is not None and not measured.draws_several else self.entry.max_images

    @property
    def extras(self) -> dict[str, Parameter]:
        """Parameters that we have no field for."""
        return {name: each for name, each in self.offered.items() if name not in RenderRequest.model_fields}

    @property
    def required_extras(self) -> list[str]:
        """Those that the pipeline cannot be called without, and that have no default."""
        return [name for name, each in self.extras.items() if each.is_required and name not in self.defaults]


def find_parameters(catalog: Catalog, model_id: str, task: Task, *, controlled: bool = False) -> ModelParameters | None:
    """What the model takes for the task; None if it does not serve the task, or if that is not known yet."""
    entry = catalog.get(model_id)
    pipeline_class = catalog.pipeline_class(model_id)
    if pipeline_class is None or task not in entry.tasks:
        return None
    has_controlnet = entry.controlnet is not None or is_controlled(pipeline_class)
    plain = find_task_signature(pipeline_class, task)
    beside = find_task_signature(pipeline_class, task, controlled=True) if has_controlnet else None
    by_controlnet = controlled and (plain is None or "control_image" not in plain.parameters)
    signature = beside if by_controlnet else plain
    if signature is None:
        return None
    not_for_task = {"image", "mask_image"} - {*FIELDS_OF[task]}

    loras = catalog.loras_of(model_id)
    names = entry.controlnet_names
    existing = offer_ip_adapter(_leave_out(signature, not_for_task), entry)
    if task in INPAINTING_TASKS:
        picture = existing["image"]
        # A mask is of one picture; a class that needs others beside it has names for them.
        existing |= {"image": picture if picture.arguments else replace(picture, most=1), **_OF_INPAINTING}
    if task == "inpainting":
        existing |= _OF_MASKS
    existing = offer_controlnets(existing, names) if by_controlnet else existing
    if entry.refiner is not None and task == "text-to-image" and not by_controlnet:
        existing |= _OF_REFINER
    with_control = {} if beside is None or by_controlnet else _leave_out(beside, {*not_for_task, *entry.without})
    with_control = offer_controlnets(offer_ip_adapter(with_control, entry), names)
    return ModelParameters(
        model_id=model_id,
        entry=entry,
        pipeline_class=signature.class_name,
        task=task,
        controlled=by_controlnet,
        offered={name: each for name, each in existing.items() if name not in entry.without},
        with_control_only=frozenset(with_control) - set(existing),
        defaults=_build_defaults(entry, existing, signature.facts),
        loras=loras,
        unfetched_loras=frozenset(lora_id for lora_id in loras if not catalog.is_lora_available(lora_id)),
        step_rounding=signature.step_rounding,
        facts=signature.facts,
        configuration=catalog.configuration(model_id),
    )


def takes_negative_prompt(catalog: Catalog, model_id: str, task: Task | None = None) -> bool | None:
    """Whether the model takes a negative prompt for the task, or for its first one; None while that is not known."""
    parameters = find_parameters(catalog, model_id, task or catalog.get(model_id).tasks[0])
    return None if parameters is None else "negative_prompt" in parameters.offered


def _leave_out(signature: PipelineSignature, names: Collection[str]) -> dict[str, Parameter]:
    return {name: each for name, each in signature.parameters.items() if name not in names}


def _build_defaults(entry: ModelEntry, existing: dict[str, Parameter], facts: ClassFacts) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    for name in PIPELINES_OWN:
        if name in existing and name not in {"prompt", *entry.without} and existing[name].default is not None:
            defaults[name] = existing[name].default
    for name in (*facts.steps, *REPETITION):
        # Those of every stage count, so that the job shows all of them.
        if name in existing and name != "num_inference_steps":
            defaults[name] = min(existing[name].default or entry.default_steps, entry.max_steps)
    if "prompt" in existing and facts.prompt_is_optional:
        defaults["prompt"] = ""
    if "negative_prompt" in existing and "negative_prompt" not in entry.without:
        defaults["negative_prompt"] = ""
    if entry.default_guidance_scale is not None and "guidance_scale" in existing:
        defaults["guidance_scale"] = entry.default_guidance_scale
    defaults |= {name: value for name, value in entry.defaults.items() if name in existing}
    return {
        name: float(value) if existing[name].kind == "number" else value
        for name, value in defaults.items()
        if existing[name].kind != "image"
    }


def list_names(field: str) -> list[str]:
    """A field of a request and its aliases."""
    alias = RenderRequest.model_fields[field].validation_alias
    others = alias.choices if isinstance(alias, AliasChoices) else []
    return [field, *(name for name in others if isinstance(name, str) and name != field)]


def find_field(name: str) -> str | None:
    """The field of a request that the name, or alias, stands for; None if there is none."""
    if name in RenderRequest.model_fields:
        return name
    return next((field for field in RenderRequest.model_fields if name in list_names(field)), None)


def find_nearest(name: str, parameters: ModelParameters) -> str | None:
    """The parameter of the model that was perhaps meant, or None."""
    if len(name) > _LONGEST_NAME:
        return None
    known = [*(EVERY_MODELS - {"model", "metadata"}), *parameters.offered]
    return next(iter(difflib.get_close_matches(name, sorted({*known}), n=1)), None)


def build_adapter(name: str, parameter: Parameter) -> TypeAdapter[Any]:
    """Checks a value of a parameter that we have no field for, and describes it as JSON schema."""
    kind: Any
    match parameter.kind:
        case "boolean":
            kind = bool
        case "integer":
            lowest, highest = _LIMITS.get(name, _INTEGER_LIMITS)
            kind = Annotated[int, Field(ge=lowest, le=highest)]
        case "number":
            lowest, highest = _LIMITS.get(name, _NUMBER_LIMITS)
            kind = Annotated[float, Field(ge=lowest, le=highest, allow_inf_nan=False)]
        case _:
            kind = Prompt
    if name in FOR_EACH and parameter.most > 1:
        kind = Annotated[Any, PlainValidator(check_each(kind), json_schema_input_type=kind | tuple[kind, ...])]
    return TypeAdapter(kind, config=ConfigDict(strict=True))
