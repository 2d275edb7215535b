"""The models that this deployment serves, read from `models.toml`."""

from __future__ import annotations

from core.catalog.catalog import Catalog, ModelEntry, get_catalog, load_catalog

__all__ = ["Catalog", "ModelEntry", "get_catalog", "load_catalog"]
