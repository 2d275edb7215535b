"""FLUX.1 Redux: a folder of a pipeline that reads pictures for the model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers

from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.check_weights import refuse_missing_weights
from worker.rendering.models.digests import FileDigests
from worker.rendering.models.plan_load import LoadPlan, Part, read_model_index
from worker.rendering.models.weights import estimate_bytes, list_weights

REDUX = "redux"

#: It has none of its own: each job gives it the model's.
_ENCODERS = ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")


def plan_redux(plan: LoadPlan, folder: Path, digests: FileDigests) -> LoadPlan:
    """The plan with its components and files in it. Raises ModelUnavailable, naming it, if a file is missing or damaged."""
    try:
        _, components = read_model_index(folder)
        weights = {name: list_weights(folder / name) for name in components if (folder / name).is_dir()}
        refuse_missing_weights(folder, components, weights, None)
    except ModelUnavailable as error:
        raise ModelUnavailable(f"{REDUX}: {error.message}") from error
    parts = list(plan.parts)
    file_sha256 = dict(plan.file_sha256)
    for name, by_variant in weights.items():
        files = by_variant.get(None, ())
        if files:
            size = sum(estimate_bytes(file, plan.files.dtype) for file in files)
            parts.append(Part(f"{REDUX}.{name}", f"{plan.files.model_id}/{REDUX}.{name}", size))
            file_sha256 |= {f"{REDUX}/{file.relative_to(folder)}": digests.sha256(file) for file in files}
    return replace(plan, parts=tuple(parts), file_sha256=file_sha256)


def load_redux(plan: LoadPlan) -> Any | None:
    """Its pipeline, without text encoders; None if the model has none."""
    folder = plan.files.extras.get(REDUX)
    if folder is None:
        return None
    class_name = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))["_class_name"]
    redux = getattr(diffusers, class_name).from_pretrained(
        folder,
        dtype=plan.files.dtype,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        **dict.fromkeys(_ENCODERS),
    )
    redux.set_progress_bar_config(disable=True)
    return redux.to(plan.files.device)
