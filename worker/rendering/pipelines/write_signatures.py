"""`python -m worker.rendering.pipelines.write_signatures`: write down what the installed diffusers' pipelines accept.

The API has no diffusers; it reads `core/catalog/pipeline_signatures.json`, which this writes and a guard test compares.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import diffusers
from diffusers import schedulers
from diffusers.pipelines import auto_pipeline

from core.catalog.signatures import SIGNATURES_PATH

_TASKS: dict[str, Mapping[str, type]] = {
    "text-to-image": auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING,
    "image-to-image": auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
    "inpainting": auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING,
}

#: Tasks for which diffusers has a pipeline with the same components that its AutoPipeline does not know.
_ALSO: dict[tuple[str, str], str] = {
    ("chroma", "image-to-image"): "ChromaImg2ImgPipeline",
    ("chroma", "inpainting"): "ChromaInpaintPipeline",
    ("flux-kontext", "inpainting"): "FluxKontextInpaintPipeline",
    ("flux2-klein", "inpainting"): "Flux2KleinInpaintPipeline",
    ("sana-sprint", "text-to-image"): "SanaSprintPipeline",
    ("sana-sprint", "image-to-image"): "SanaSprintImg2ImgPipeline",
}

#: Several pipelines in one, more than one picture for a prompt, or attention processors of their own: not for a catalog.
_LEFT_OUT = {
    *("if", "kandinsky", "kandinsky22", "wuerstchen", "cascade", "helios", "helios-pyramid"),
    *("qwenimage-layered", "z-image-omni", "z-image-controlnet-inpaint"),
}

#: Parameters that the engine sets itself, or whose result would not be the finished pictures that were requested.
_ENGINE_OWNED = {
    *("generator", "latents", "output_type", "return_dict", "timesteps", "sigmas", "mu"),
    *("num_images_per_prompt", "denoising_start", "denoising_end", "return_index", "use_kv_cache", "prompt_upsampling"),
    *("tokenizer_max_length", "max_area", "caption_upsample_temperature", "prompt_upsampling_temperature"),
}
_ENGINE_OWNED_PARTS = ("callback", "embeds", "_latents", "attention_mask", "attention_kwargs", "ip_adapter")

#: The pictures that a request can carry.
_IMAGES = {"image", "mask_image", "control_image"}


def main() -> None:
    """Write the file."""
    SIGNATURES_PATH.write_text(render_signatures())


def render_signatures() -> str:
    """The file's text: one line for each pipeline class, so that a diff shows the changes of a release."""
    classes = {cls.__name__: cls for _, _, cls in _list_classes()}
    lines = [f"{json.dumps(name)}: {json.dumps(_signature_of(classes[name]))}" for name in sorted(classes)]
    eta = json.dumps(list(_list_schedulers_with_eta()))
    head = f'{{"diffusers": "{diffusers.__version__}",\n"schedulers_with_eta": {eta},\n"classes": {{\n'
    return head + ",\n".join(lines) + "\n}}\n"


def _list_classes() -> Iterator[tuple[str, str, type]]:
    """Family, task and class of everything that a catalog can name."""
    for task, mapping in _TASKS.items():
        for family, cls in mapping.items():
            if family not in _LEFT_OUT and "-pag" not in family:
                yield family, task, cls
    for (family, task), name in _ALSO.items():
        yield family, task, getattr(diffusers, name)


def _signature_of(cls: type) -> dict[str, Any]:
    family = next(family for family, _, other in _list_classes() if other is cls)
    return {
        "tasks": _classes_by_task(family),
        "controlled": _classes_by_task(f"{family}-controlnet"),
        **_step_rounding(cls),
        "parameters": dict(_list_parameters(cls)),
    }


def _step_rounding(cls: Any) -> dict[str, str]:
    """How a class with a `strength` makes a whole number of num_inference_steps x strength: its own method is asked."""
    if "strength" not in inspect.signature(cls.__call__).parameters:
        return {}
    if "get_timesteps(" not in inspect.getsource(cls.__call__):
        return {"step_rounding": "all"}  # the strength says where the steps begin, and all of them are done
    scheduler = SimpleNamespace(timesteps=list(range(10)), order=1, set_begin_index=lambda _index: None)
    _, steps = cls.get_timesteps(SimpleNamespace(scheduler=scheduler), 10, 0.55, "cpu")
    return {"step_rounding": {5: "down", 6: "up"}[steps]}


def _list_schedulers_with_eta() -> Iterator[str]:
    """The schedulers whose step takes `eta`; pipelines leave it out with all others."""
    for name in dir(schedulers):
        # Some need a package that is not installed, and have a placeholder without a step.
        step = vars(getattr(schedulers, name)).get("step") if name.endswith("Scheduler") else None
        if step is not None and "eta" in inspect.signature(step).parameters:
            yield name


def _classes_by_task(family: str) -> dict[str, str]:
    return {task: cls.__name__ for other, task, cls in _list_classes() if other == family}


def _list_parameters(cls: type) -> Iterator[tuple[str, list[Any]]]:
    """Name to kind and default; and the name of the pipeline's argument, if that is another one."""
    parameters = inspect.signature(cls.__call__).parameters
    control_is_image = "ControlNet" in cls.__name__ and "control_image" not in parameters
    for name, parameter in parameters.items():
        kind = _kind(parameter.annotation)
        if kind is None or _is_engine_owned(name) or (kind == "image" and name not in _IMAGES):
            continue
        default = None if parameter.default is inspect.Parameter.empty else parameter.default
        if name == "image" and control_is_image:
            yield "control_image", [kind, default, name]
        else:
            yield name, [kind, default]


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
