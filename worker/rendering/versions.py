"""The versions of the libraries that draw."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from types import MappingProxyType


@cache
def library_versions() -> Mapping[str, str]:
    """Versions by package name. Read once, because it takes milliseconds."""
    return MappingProxyType({name: version(name) for name in ("diffusers", "torch", "transformers", "pillow")})


def list_versions() -> dict[str, str]:
    """As receipts have them: Python's, and those of the libraries."""
    return {"python": platform.python_version(), **library_versions()}
