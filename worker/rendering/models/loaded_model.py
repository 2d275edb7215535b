"""A model that is ready to render."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import torch
from diffusers import DiffusionPipeline

from core.catalog import ModelEntry
from worker.rendering.adapters import Adapters
from worker.rendering.batching import Batcher


@dataclass(frozen=True)
class LoadedModel:
    """A pipeline on its device. It is never called itself: each job calls a copy with a scheduler of its own."""

    id: str
    entry: ModelEntry
    pipeline: DiffusionPipeline
    device: torch.device
    dtype: torch.dtype
    #: sha256 of every weights file that was loaded, by its path in the model's folder.
    file_sha256: dict[str, str]
    #: The speed switches that are on and change pixels, for the receipt.
    switches: dict[str, Any]
    #: Runs the denoiser for several jobs at a time.
    batcher: Batcher
    #: Its LoRAs.
    adapters: Adapters
    #: Held during a call of a pipeline that changes the model's own modules: such jobs run one after another.
    turn: threading.Lock = field(default_factory=threading.Lock)
