"""SDXL's refiner: a second denoiser, which draws the last steps of a picture, with text encoder and autoencoder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionXLImg2ImgPipeline

from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.check_weights import refuse_missing_weights
from worker.rendering.models.digests import FileDigests
from worker.rendering.models.plan_load import LoadPlan, Part, read_model_index
from worker.rendering.models.weights import choose_variant, estimate_bytes, list_weights

REFINER = "refiner"


def plan_refiner(plan: LoadPlan, folder: Path, digests: FileDigests) -> LoadPlan:
    """The plan with the refiner's components. Those whose weights are the model's own are in memory once.

    Raises ModelUnavailable, naming the refiner, if it is of another class, or if a file is missing or damaged.
    """
    try:
        model_index, components = read_model_index(folder)
        if (class_name := model_index["_class_name"]) != StableDiffusionXLImg2ImgPipeline.__name__:
            raise ModelUnavailable(f"it is a {class_name}, not a {StableDiffusionXLImg2ImgPipeline.__name__}")
        weights = {name: list_weights(folder / name) for name in components if (folder / name).is_dir()}
        variant = choose_variant(weights.values())
        refuse_missing_weights(folder, components, weights, variant)
    except ModelUnavailable as error:
        raise ModelUnavailable(f"{REFINER}: {error.message}") from error
    for name, by_variant in weights.items():
        chosen = by_variant.get(variant) or by_variant.get(None, ())
        sha256 = {f"{REFINER}/{name}/{file.name}": digests.sha256(file) for file in chosen}
        plan = replace(plan, file_sha256=plan.file_sha256 | sha256)
        if chosen and not _is_the_models_own(plan, name):
            size = sum(estimate_bytes(file, plan.files.dtype) for file in chosen)
            part = Part(f"{REFINER}.{name}", f"{plan.files.model_id}/{REFINER}.{name}", size)
            plan = replace(plan, parts=(*plan.parts, part))
    return plan


def load_refiner(plan: LoadPlan, pipeline: Any, device_map: str | None) -> Any:
    """The refiner's pipeline, with those components of the model's own `pipeline` that are the same; None if there is none."""
    folder = plan.files.extras.get(REFINER)
    if folder is None:
        return None
    _, components = read_model_index(folder)
    shared = {name: pipeline.components[name] for name in components if _is_the_models_own(plan, name)}
    return StableDiffusionXLImg2ImgPipeline.from_pretrained(
        folder,
        dtype=plan.files.dtype,
        variant=choose_variant([list_weights(folder / name) for name in components]),
        use_safetensors=True,
        local_files_only=True,
        device_map=device_map,
        **shared,
    )


def list_refiners_own(pipeline: Any, refiner: Any) -> Mapping[str, torch.nn.Module]:
    """The refiner's modules that are not the model's, by names such as `refiner.unet`."""
    if refiner is None:
        return {}
    models = {id(component) for component in pipeline.components.values()}
    modules = {name: item for name, item in refiner.components.items() if isinstance(item, torch.nn.Module)}
    return {f"{REFINER}.{name}": item for name, item in modules.items() if id(item) not in models}


def _is_the_models_own(plan: LoadPlan, name: str) -> bool:
    """Whether a component of the refiner has the weights of the model's component of that name."""
    if name.startswith("text_encoder") and plan.files.entry.textual_inversions:
        return False
    of_refiner, of_model = (
        sorted(sha256 for path, sha256 in plan.file_sha256.items() if path.startswith(f"{folder}{name}/"))
        for folder in (f"{REFINER}/", "")
    )
    return bool(of_model) and of_refiner == of_model
