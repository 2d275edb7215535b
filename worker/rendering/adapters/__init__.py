"""The LoRAs of one model: loaded while jobs denoise, switched between forwards, evicted by least recent use."""

from __future__ import annotations

from worker.rendering.adapters.adapters import Adapters, UsedLoras
from worker.rendering.adapters.lora_file import GetLora, LoraFile

__all__ = ["Adapters", "GetLora", "LoraFile", "UsedLoras"]
