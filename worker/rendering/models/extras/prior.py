"""The first stage of a model in two folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.check_weights import refuse_missing_weights
from worker.rendering.models.digests import FileDigests
from worker.rendering.models.plan_load import LoadPlan, Part, build_address, on_device_together, read_model_index
from worker.rendering.models.weights import choose_variant, estimate_bytes, list_weights

PRIOR = "prior"

#: How the components of the first stage are named in a pipeline of both.
PREFIX = "prior_"


def plan_prior(plan: LoadPlan, folder: Path, digests: FileDigests) -> LoadPlan:
    """The plan of a model with the prior's components and files in it. Raises ModelUnavailable if these cannot be loaded."""
    files = plan.files
    try:
        model_index, components = read_model_index(folder)
        weights = {name: list_weights(folder / name) for name in components if (folder / name).is_dir()}
        variant = choose_variant(weights.values())
        refuse_missing_weights(folder, components, weights, variant)
    except ModelUnavailable as error:
        raise ModelUnavailable(f"{PRIOR}: {error.message}") from error

    parts = []
    file_sha256: dict[str, str] = {}
    for name, by_variant in weights.items():
        chosen = by_variant.get(variant) or by_variant.get(None, ())
        if chosen:
            sha256 = {file: digests.sha256(file) for file in chosen}
            # As that of a model of one folder: several models have the same prior.
            content = [model_index[name], *((file.name, sha256[file]) for file in chosen), False]
            address = build_address(files, folder / name, content, digests, prefix=PREFIX)
            parts.append(Part(f"{PREFIX}{name}", address, sum(estimate_bytes(file, files.dtype) for file in chosen)))
            file_sha256 |= {f"prior/{file.relative_to(folder)}": digest for file, digest in sha256.items()}
    return replace(
        plan,
        parts=on_device_together((*plan.parts, *parts), files.entry),
        file_sha256=plan.file_sha256 | file_sha256,
    )


def load_prior(plan: LoadPlan, shared: Mapping[str, torch.nn.Module], device_map: str | None) -> Any:
    """The prior's pipeline. `shared` holds components that another model has loaded, by their names in a pipeline of both."""
    folder = plan.files.extras[PRIOR]
    _, components = read_model_index(folder)
    return DiffusionPipeline.from_pretrained(
        folder,
        dtype=plan.files.dtype,
        variant=choose_variant([list_weights(folder / name) for name in components]),
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        device_map=device_map,
        **{name.removeprefix(PREFIX): each for name, each in shared.items()},
    )
