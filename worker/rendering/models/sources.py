"""Locate a model's files, plan their load, and remember which of them are broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import structlog
import torch

from core.catalog import Catalog, FileSource, ModelEntry
from core.catalog.lora import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from core.errors import ModelNotFetched
from core.metrics import MODEL_LOADS
from worker.rendering.adapters import LoraFile
from worker.rendering.device_errors import is_device_lost, is_out_of_memory
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.digests import FileDigests
from worker.rendering.models.extras.plan import plan_extras
from worker.rendering.models.missing_packages import name_missing_packages
from worker.rendering.models.plan_load import LoadPlan, ModelFiles, plan_load
from worker.rendering.modules.broken_models import BrokenModels

_log = structlog.get_logger()


class ModelSources:
    """The files of the catalog's models on this machine, for one device."""

    def __init__(self, catalog: Catalog, device: torch.device) -> None:
        self._catalog = catalog
        self._device = device
        self._broken = BrokenModels()
        self._digests = FileDigests()

    def plan(self, model_id: str) -> LoadPlan:
        """The plan for loading the model. Raises ModelUnavailable; at once if the same files failed a short time ago."""
        entry = self._catalog.find(model_id)
        if entry is None:
            raise ModelUnavailable(f"This worker's models file has no {model_id!r}.")
        files = self._locate_files(model_id, entry)
        known = self._broken.find(model_id, files.fingerprint())
        if known is not None:
            raise ModelUnavailable(known)
        try:
            return plan_extras(plan_load(files, self._digests), self._digests)
        except Exception as error:
            raise self.report(files, error) from error

    def report(self, files: ModelFiles, error: Exception) -> Exception:
        """Log that the model could not be loaded, and remember it. Returns the error that the job's client may see."""
        if is_out_of_memory(error) or is_device_lost(error):
            # The files are not broken: there may be enough memory later, or on another worker.
            return error
        # Files can be broken in more ways than there are exception types, and none of them may end the worker.
        reason = f": {error.message}" if isinstance(error, ModelUnavailable) else ""
        if not reason and (missing := name_missing_packages(error)):
            reason = f": it needs {' and '.join(missing)}, not installed here"
        message = f"The model {files.model_id!r} could not be loaded on this worker{reason}."
        _log.error("model_not_loaded", model=files.model_id, exc_info=error)
        self._broken.remember(files.model_id, files.fingerprint(), message)
        MODEL_LOADS.labels(files.model_id, "unavailable").inc()
        return ModelUnavailable(message)

    def get_lora(self, model_id: str, lora_id: str) -> LoraFile:
        """The LoRA's file. Raises ModelUnavailable if the models file has no LoRA of that id for the model, or if the file is
        not here.
        """
        if lora_id not in self._catalog.loras_of(model_id):
            raise ModelUnavailable(f"This worker's models file has no LoRA {lora_id!r} for {model_id!r}.")
        try:
            path = self._catalog.lora_path(lora_id)
            return LoraFile(lora_id, path, self._digests.sha256(path), _read_settings(path))
        except ModelNotFetched as error:
            raise ModelUnavailable(error.message) from error
        except OSError as error:
            raise ModelUnavailable(f"The LoRA {lora_id!r} has no file on this worker.") from error
        except ValueError as error:
            raise ModelUnavailable(f"The LoRA {lora_id!r} has an {ADAPTER_CONFIG} that is no JSON.") from error

    def _locate_files(self, model_id: str, entry: ModelEntry) -> ModelFiles:
        try:
            source = self._catalog.source_path(model_id)
            extras = {name: self._catalog.locate(model_id, source) for name, source in entry.extras.items()}
        except ModelNotFetched as error:
            raise ModelUnavailable(error.message) from error
        config = self._catalog.folder / entry.source.config if isinstance(entry.source, FileSource) else None
        return ModelFiles(model_id, entry, source, config, self._device, extras)


def _read_settings(path: Path) -> dict[str, Any]:
    """What peft has written beside an adapter's weights. Raises ValueError if it is no JSON."""
    beside = path.with_name(ADAPTER_CONFIG)
    if path.name != ADAPTER_WEIGHTS or not beside.is_file():
        return {}
    settings: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    return settings
