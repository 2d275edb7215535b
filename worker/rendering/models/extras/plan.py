"""Plan what is loaded beside a model's own weights: the further sources of its section, by the names of `core.catalog.extras`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.check_weights import refuse_damaged, refuse_incomplete
from worker.rendering.models.digests import FileDigests
from worker.rendering.models.extras.prior import PRIOR, plan_prior
from worker.rendering.models.extras.redux import REDUX, plan_redux
from worker.rendering.models.extras.refiner import REFINER, plan_refiner
from worker.rendering.models.plan_load import ADDRESS_DIGITS, LoadPlan, Part
from worker.rendering.models.weights import choose_variant, estimate_bytes, list_weights

#: Extras that are a component of the pipeline and never change, so that several models can share them: the component's name.
_SHAREABLE = {"vae": "vae", "ip_adapter.image_encoder": "image_encoder"}

#: Extras that are pipelines, with several components, and plan themselves.
_PIPELINES: Mapping[str, Callable[[LoadPlan, Path, FileDigests], LoadPlan]] = {
    PRIOR: plan_prior,
    REFINER: plan_refiner,
    REDUX: plan_redux,
}


def plan_extras(plan: LoadPlan, digests: FileDigests) -> LoadPlan:
    """The plan with the files of all extras. Raises ModelUnavailable, naming the extra, if one of its files is missing or
    damaged.
    """
    for name, path in plan.files.extras.items():
        if name in _PIPELINES:
            plan = _PIPELINES[name](plan, path, digests)
            continue
        files = _list_files(name, path)
        part = Part(
            _SHAREABLE.get(name, name),
            _address(plan, name, files, digests),
            sum(estimate_bytes(file, plan.files.dtype) for file in files),
        )
        sha256 = {f"{name}/{file.name}": digests.sha256(file) for file in files}
        plan = replace(plan, parts=(*plan.parts, part), file_sha256=plan.file_sha256 | sha256)
    return plan


def read_extra_config(path: Path) -> dict[str, Any]:
    """The configuration of a component in a folder of its own. `plan_extras` has seen that it is there."""
    content: dict[str, Any] = json.loads((path / "config.json").read_text(encoding="utf-8"))
    return content


def choose_extra_variant(path: Path) -> str | None:
    """The variant of the weights in a component's folder that is loaded: the ordinary ones, if they are there."""
    return choose_variant([list_weights(path)])


def _list_files(name: str, path: Path) -> Sequence[Path]:
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise ModelUnavailable(f"{name}: the file {path.name} is missing")
        refuse_damaged(path, f"{name}: {path.name}")
        return (path,)
    weights, variant = list_weights(path), choose_extra_variant(path)
    refuse_incomplete(path, name, weights, variant)
    return weights[variant]


def _address(plan: LoadPlan, name: str, files: Sequence[Path], digests: FileDigests) -> str:
    entry = plan.files.entry
    # The components of an offloaded model are moved by hooks of their own.
    if name not in _SHAREABLE or entry.offload != "none":
        return f"{plan.files.model_id}/{name}"
    content = [
        name,
        # An autoencoder that one class raises to float32 is its own.
        [plan.model_index.get("_class_name"), entry.pipeline],
        *(digests.sha256(file) for file in (*files, files[0].with_name("config.json"))),
        str(plan.files.dtype),
        entry.channels_last,
        entry.vae_tiling_above_pixels,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:ADDRESS_DIGITS]
