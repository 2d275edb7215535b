"""Pipelines in memory: loaded once, from the catalog's folders, as safetensors and without foreign code."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from core.catalog import Catalog
from worker.rendering.batching import Batcher
from worker.rendering.errors import ModelUnavailable

_CHUNK_BYTES = 1024 * 1024

#: diffusers' names for what is called at every step.
_DENOISERS = ("unet", "transformer", "transformer_2", "controlnet")

_log = structlog.get_logger()


@dataclass(frozen=True)
class LoadedModel:
    """A pipeline on its device. Never called itself: each job calls a copy with a scheduler of its own."""

    id: str
    pipeline: DiffusionPipeline
    device: torch.device
    dtype: torch.dtype
    #: sha256 of every weights file, by its path inside the model's folder.
    file_sha256: dict[str, str]
    #: Runs the denoiser for several jobs at a time.
    batcher: Batcher


class Models:
    """The models of one process. Safe to ask from several threads."""

    def __init__(self, catalog: Catalog, *, device: str) -> None:
        """`device` is a torch device, or `auto` for the GPU where there is one."""
        self._catalog = catalog
        name = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        self._device = torch.device(name)
        self._loaded: dict[str, LoadedModel] = {}
        self._lock = threading.Lock()
        # Bars are for terminals; these would go into the log.
        diffusers_logging.disable_progress_bar()
        transformers_logging.disable_progress_bar()

    def load(self, model_id: str) -> LoadedModel:
        """The model, loaded now if it was not yet. Raises ModelUnavailable."""
        with self._lock:
            if model_id not in self._loaded:
                self._loaded[model_id] = self._load(model_id)
            return self._loaded[model_id]

    def _load(self, model_id: str) -> LoadedModel:
        if self._catalog.find(model_id) is None:
            raise ModelUnavailable(f"This worker's models file has no {model_id!r}.")
        folder = self._catalog.source_path(model_id)
        # Half precision is what GPUs are fast at; on a CPU it is slower and less exact.
        dtype = torch.float32 if self._device.type == "cpu" else torch.float16
        try:
            pipeline = DiffusionPipeline.from_pretrained(
                folder, dtype=dtype, use_safetensors=True, local_files_only=True
            ).to(self._device)
            hashes = _hash_weights(folder)
        except Exception as error:
            # Files can be broken in more ways than there are exception types; none of them is the worker's end.
            _log.exception("model_not_loaded", model=model_id)
            raise ModelUnavailable(f"The model {model_id!r} could not be loaded on this worker.") from error
        pipeline.set_progress_bar_config(disable=True)
        _log.info("model_loaded", model=model_id, device=str(self._device), dtype=str(dtype))
        batcher = Batcher(find_denoisers(pipeline), name=model_id)
        return LoadedModel(model_id, pipeline, self._device, dtype, hashes, batcher)


def find_denoisers(pipeline: DiffusionPipeline) -> dict[str, torch.nn.Module]:
    """The modules that a pipeline calls at every step, by their names in it."""
    return {name: pipeline.components[name] for name in _DENOISERS if pipeline.components.get(name) is not None}


def _hash_weights(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): _hash_file(path) for path in sorted(folder.rglob("*.safetensors"))}


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
