"""How many denoising steps a job takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def count_denoising_steps(parameters: Mapping[str, Any]) -> int:
    """The steps of a resolved request: a job that starts from an image at strength 0.6 leaves 4 in 10 of them out."""
    steps: int = parameters["num_inference_steps"]
    return int(steps * parameters.get("strength", 1.0))
