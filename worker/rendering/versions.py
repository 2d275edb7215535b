"""The versions of what draws."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from types import MappingProxyType


@cache
def library_versions() -> Mapping[str, str]:
    """By the names of the packages. Read once: it takes milliseconds."""
    return MappingProxyType({name: version(name) for name in ("diffusers", "torch", "transformers", "pillow")})
