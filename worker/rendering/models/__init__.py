"""Models in memory: loaded from the catalog's folders, and kept under a byte budget, least recently used evicted first."""

from __future__ import annotations

from worker.rendering.models.cache import Models
from worker.rendering.models.loaded_model import LoadedModel

__all__ = ["LoadedModel", "Models"]
