"""Read a model's files before anything is loaded: its components, their sizes, and which of them models can share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import diffusers
import torch

from core.catalog import ModelEntry
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.check_weights import refuse_damaged, refuse_missing_weights
from worker.rendering.models.choose_dtype import choose_dtype
from worker.rendering.models.digests import FileDigests
from worker.rendering.models.foreign_code import Components, refuse_foreign_code
from worker.rendering.models.weights import choose_variant, estimate_bytes, list_weights
from worker.rendering.modules.precision import is_raised_by

#: Components that never change, so that several models can share them. A denoiser is never shared, because the jobs of one
#: model are batched there.
_SHAREABLE = ("vae", "text_encoder", "image_encoder", "safety_checker")

#: Digits of a digest that distinguish two components.
ADDRESS_DIGITS = 32


@dataclass(frozen=True)
class ModelFiles:
    """Where a model's files are, and how it is to be loaded."""

    model_id: str
    entry: ModelEntry
    #: A folder in diffusers' layout, or one safetensors file.
    source: Path
    #: For a single file: the folder with the configurations of its pipeline.
    config: Path | None
    device: torch.device
    #: What is loaded beside them: a folder, or a safetensors file, by the name of the extra.
    extras: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def dtype(self) -> torch.dtype:
        """What the model is computed in: see `choose_dtype`. Reads the headers of the weights."""
        return choose_dtype(self.entry.dtype, self.device, self._list_components())

    def fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Paths, times of change and sizes: it changes when any of the files does."""
        roots = [root for root in (self.source, self.config, *self.extras.values()) if root is not None]
        paths = [path for root in roots for path in (root, *sorted(root.rglob("*"))) if path.is_file()]
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)

    def _list_components(self) -> list[tuple[Path, ...]]:
        if not self.source.is_dir():
            return [(self.source,)]
        return [
            files
            for root in (self.source, self.extras.get("prior"))
            if root is not None
            for files in _list_chosen(root)
        ]


def _list_chosen(root: Path) -> list[tuple[Path, ...]]:
    """The weights of each component in the folder, as far as they are loaded."""
    weights = [list_weights(folder) for folder in sorted(root.iterdir()) if folder.is_dir()]
    variant = choose_variant(weights)
    return [by_variant.get(variant) or by_variant.get(None, ()) for by_variant in weights]


@dataclass(frozen=True)
class Part:
    """One component with weights."""

    name: str
    #: Identifies its content: equal for two models if they can share it, otherwise unique.
    address: str
    #: On the device; before the load it is estimated from the files.
    byte_size: int


@dataclass(frozen=True)
class LoadPlan:
    """Everything that is known about a model before it is loaded."""

    files: ModelFiles
    #: The variant of the weights files (`fp16`), or None for the ordinary ones.
    variant: str | None
    parts: tuple[Part, ...]
    #: By path in the model's folder.
    file_sha256: dict[str, str]
    model_index: dict[str, Any]

    def address_of(self, name: str) -> str:
        """The address of a component, also of one whose weights are not in the plan."""
        return next((part.address for part in self.parts if part.name == name), f"{self.files.model_id}/{name}")


def plan_load(files: ModelFiles, digests: FileDigests) -> LoadPlan:
    """The plan for loading the files. Raises ModelUnavailable (with the reason, for the operator) if they cannot be loaded."""
    return _plan_folder(files, digests) if files.source.is_dir() else _plan_single_file(files, digests)


def on_device_together(parts: Iterable[Part], entry: ModelEntry) -> tuple[Part, ...]:
    """The parts with the bytes that they take on the device at one time: offloaded ones take turns there."""
    together = tuple(parts)
    if entry.offload == "none" or not together:
        return together
    largest = max(part.byte_size for part in together)
    return tuple(replace(part, byte_size=largest if part is together[0] else 0) for part in together)


def _plan_folder(files: ModelFiles, digests: FileDigests) -> LoadPlan:
    folder = files.source
    model_index, components = read_model_index(folder)
    if not files.entry.safety_checker:
        model_index = {name: value for name, value in model_index.items() if name != "safety_checker"}
        components = {name: origin for name, origin in components.items() if name != "safety_checker"}
    if "vae" in files.extras:  # it need not be there
        components = {name: origin for name, origin in components.items() if name != "vae"}
    weights = {name: list_weights(folder / name) for name in components if (folder / name).is_dir()}
    variant = choose_variant(weights.values())
    refuse_missing_weights(folder, components, weights, variant)
    parts: list[Part] = []
    file_sha256: dict[str, str] = {}
    for name, by_variant in weights.items():
        chosen = by_variant.get(variant) or by_variant.get(None, ())
        if chosen:
            sha256 = {str(file.relative_to(folder)): digests.sha256(file) for file in chosen}
            content = [model_index[name], *((file.name, digests.sha256(file)) for file in chosen)]
            address = build_address(files, folder / name, [*content, _raises(files, name, model_index)], digests)
            parts.append(Part(name, address, sum(estimate_bytes(file, files.dtype) for file in chosen)))
            file_sha256 |= sha256
    return LoadPlan(files, variant, on_device_together(parts, files.entry), file_sha256, model_index)


def _plan_single_file(files: ModelFiles, digests: FileDigests) -> LoadPlan:
    source = files.source
    if source.suffix != ".safetensors" or not source.is_file():
        raise ModelUnavailable("its source is neither a folder in diffusers' layout nor a .safetensors file")
    if files.config is None:
        # Without a folder of configurations diffusers asks the hub for them, even with local_files_only.
        raise ModelUnavailable("a single file needs a folder with the configurations of its pipeline")
    model_index, _ = read_model_index(files.config)
    refuse_damaged(source, source.name)
    whole = Part("", f"{files.model_id}/", estimate_bytes(source, files.dtype))
    return LoadPlan(files, None, (whole,), {source.name: digests.sha256(source)}, model_index)


def read_model_index(folder: Path) -> tuple[dict[str, Any], Components]:
    """What the folder's `model_index.json` says, and the classes of its components. Raises ModelUnavailable."""
    try:
        model_index: dict[str, Any] = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelUnavailable("its folder has no model_index.json") from error
    except ValueError as error:
        raise ModelUnavailable("its model_index.json is no JSON") from error
    return model_index, refuse_foreign_code(folder, model_index)


def _raises(files: ModelFiles, name: str, model_index: dict[str, Any]) -> bool:
    """Whether the component is an autoencoder that the model's pipeline raises to float32, and another one may not."""
    class_name = model_index["_class_name"] if files.entry.pipeline == "auto" else files.entry.pipeline
    pipeline_class = getattr(diffusers, class_name, None)
    return name == "vae" and pipeline_class is not None and is_raised_by(pipeline_class)


def build_address(
    files: ModelFiles, folder: Path, weights: list[Any], digests: FileDigests, *, prefix: str = ""
) -> str:
    """The address of the component in the folder, whose name in the pipeline has the prefix before it. `weights` identify its
    class and content.
    """
    # The components of an offloaded model are moved by hooks of their own.
    if not folder.name.startswith(_SHAREABLE) or files.entry.offload != "none" or _is_changed(files.entry, folder.name):
        return f"{files.model_id}/{prefix}{folder.name}"
    configs = {path.name: digests.sha256(path) for path in sorted(folder.glob("*.json"))}
    switches = [files.entry.channels_last, files.entry.vae_tiling_above_pixels]
    content = [weights, configs, str(files.dtype), switches]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:ADDRESS_DIGITS]


def _is_changed(entry: ModelEntry, name: str) -> bool:
    """Whether the model adds something to the component when it is loaded."""
    return name.startswith("text_encoder") and bool(entry.textual_inversions)
