"""Parameters of tests of which `make test` runs a few, and `make test-slow` all others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest

#: A family with a tensor of images, one with positions, and one with lists of images.
SAMPLE = ("sd15", "flux-dev", "z-image")

#: Families with the same pipeline classes as others.
TWINS = {"sd2", "sdxl-turbo", "flux-schnell"}


def few_quick(parameters: Iterable[Any], quick: Collection[Any] = SAMPLE) -> list[Any]:
    """All parameters, of which those that are not in `quick` are slow."""
    return [each if each in quick else pytest.param(each, marks=pytest.mark.slow) for each in parameters]
