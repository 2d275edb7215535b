"""Models in memory: loaded from the catalog's folders, kept by least recent use under a byte budget."""

from __future__ import annotations

from worker.rendering.models.cache import Models
from worker.rendering.models.loaded_model import LoadedModel

__all__ = ["LoadedModel", "Models"]
