"""`python -m worker.rendering.pipelines.write_signatures`: write down what the installed diffusers' pipelines accept.

The API has no diffusers; it reads `core/catalog/pipeline_signatures.json`, which this writes for every class that
`core/catalog/families.toml` names, and a guard test compares.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import diffusers
from diffusers import schedulers

from core.catalog.families import ClassFacts, find_facts, list_families
from core.catalog.signatures import SIGNATURES_PATH
from worker.rendering.models.pipeline_classes import get_pipeline_class

#: Parameters that the engine sets itself, or whose result would not be the finished pictures that were requested.
_ENGINE_OWNED = {
    *("generator", "seed", "latents", "output_type", "return_dict", "timesteps", "sigmas", "mu", "batch_size"),
    *("num_images_per_prompt", "denoising_start", "denoising_end", "return_index", "use_kv_cache", "prompt_upsampling"),
    *("negative_ip_adapter_image", "upsampling_height", "upsampling_width"),
    *("tokenizer_max_length", "max_area", "caption_upsample_temperature", "prompt_upsampling_temperature"),
}
_ENGINE_OWNED_PARTS = ("callback", "embeds", "_latents", "attention_mask", "attention_kwargs")

#: What a request gives, whatever the signature says of it: some take a list of them, one for each image, and one class of diffusers
#: has the types of its prompt and its picture the wrong way round.
_KINDS = {"prompt": "text", "class_labels": "integer"}
#: What says how a class reads a text, beside the texts themselves.
_OF_TEXTS = {"max_sequence_length", "true_cfg_scale"}

#: The pictures that a request can carry.
_IMAGES = ("image", "mask_image", "control_image", "ip_adapter_image")


def main() -> None:
    """Write the file."""
    SIGNATURES_PATH.write_text(render_signatures())


def render_signatures() -> str:
    """The file's text: one line for each pipeline class, so that a diff shows the changes of a release."""
    names = sorted({name for family in list_families().values() for name in family.class_names})
    lines = [f"{json.dumps(name)}: {json.dumps(_signature_of(name))}" for name in names]
    eta = json.dumps(list(_list_schedulers_with_eta()))
    head = f'{{"diffusers": "{diffusers.__version__}",\n"schedulers_with_eta": {eta},\n"classes": {{\n'
    return head + ",\n".join(lines) + "\n}}\n"


def _signature_of(class_name: str) -> dict[str, Any]:
    cls = get_pipeline_class(class_name)
    facts = find_facts(class_name)
    rounding = _step_rounding(cls) if facts.step_rounding is None else {"step_rounding": facts.step_rounding}
    parameters = dict(_list_parameters(cls, facts))
    if facts.then is not None:
        # The class that draws reads neither texts nor pictures then.
        drawing = _list_parameters(getattr(diffusers, facts.then), ClassFacts())
        plain = {name: each for name, each in drawing if each[0] not in {"text", "image"} and name not in _OF_TEXTS}
        parameters = plain | parameters
    return {**rounding, "parameters": parameters}


def _step_rounding(cls: Any) -> dict[str, str]:
    """How a class with a `strength` makes a whole number of num_inference_steps x strength: its own method is asked."""
    if "strength" not in inspect.signature(cls.__call__).parameters:
        return {}
    if "get_timesteps(" not in inspect.getsource(cls.__call__):
        return {"step_rounding": "all"}  # the strength says where the steps begin, and all of them are done
    scheduler = SimpleNamespace(timesteps=list(range(10)), order=1, set_begin_index=lambda _index: None)
    devices = {"device": "cpu"} if "device" in inspect.signature(cls.get_timesteps).parameters else {}
    _, steps = cls.get_timesteps(SimpleNamespace(scheduler=scheduler), 10, 0.55, **devices)
    return {"step_rounding": {5: "down", 6: "up"}[steps]}


def _list_schedulers_with_eta() -> Iterator[str]:
    """The schedulers whose step takes `eta`; pipelines leave it out with all others."""
    for name in dir(schedulers):
        # Some need a package that is not installed, and have a placeholder without a step.
        step = vars(getattr(schedulers, name)).get("step") if name.endswith("Scheduler") else None
        if step is not None and "eta" in inspect.signature(step).parameters:
            yield name


def _list_parameters(cls: type, facts: ClassFacts) -> Iterator[tuple[str, list[Any]]]:
    """Name to kind and default, and whether the pipeline cannot be called without it; pictures by our names."""
    fields: dict[str, str] = {}
    # A field that is renamed comes first: what some call the control image is the picture to paint in.
    for field in sorted(_IMAGES, key=lambda field: field not in facts.inputs):
        fields.setdefault(_argument_of(field, facts), field)
    # Some modules of diffusers keep their annotations as text.
    for argument, parameter in inspect.signature(cls.__call__, eval_str=True).parameters.items():
        name = "prompt" if argument == facts.prompt_argument else fields.get(argument, argument)
        kind = "image" if argument in fields else _KINDS.get(name) or _kind(parameter.annotation)
        if kind is None or _is_engine_owned(argument) or (kind == "image" and name not in _IMAGES):
            continue
        if argument in {*facts.fixed, *facts.unoffered} or (argument in _IMAGES and argument not in fields):
            continue
        is_required = parameter.default is inspect.Parameter.empty
        yield name, [kind, None, True] if is_required else [kind, _settle_default(parameter.default)]


def _settle_default(default: Any) -> Any:
    """None for one that no request can name, such as a pair of numbers: left out, the pipeline has it all the same."""
    return None if isinstance(default, tuple | list) else default


def _argument_of(field: str, facts: ClassFacts) -> str:
    own = facts.find_input(field)
    if own is None:
        return field
    return own.arguments[0] if own.arguments else own.argument or field


def _is_engine_owned(name: str) -> bool:
    return name in _ENGINE_OWNED or name.startswith("_") or any(part in name for part in _ENGINE_OWNED_PARTS)


def _kind(annotation: Any) -> str | None:
    """The kind of plain value that a parameter accepts; None if it accepts only lists, tensors and the like."""
    if "PIL.Image" in str(annotation):
        return "image"
    is_union = typing.get_origin(annotation) in {typing.Union, types.UnionType}
    members = typing.get_args(annotation) if is_union else (annotation,)
    for kind, plain in (("boolean", bool), ("number", float), ("integer", int), ("text", str)):
        if plain in members:
            return kind
    return None


if __name__ == "__main__":
    main()
