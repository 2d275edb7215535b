"""How many denoising steps a job takes: in Python and in SQL text, side by side. A test holds the two equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The same for SQL text, of a JSON column `request`.
DENOISING_STEPS = """
    trunc((request->>'num_inference_steps')::integer * coalesce((request->>'strength')::double precision, 1))
"""


def count_denoising_steps(parameters: Mapping[str, Any]) -> int:
    """Returns the steps of a resolved request: a job that starts from an image at strength 0.6 leaves 4 in 10 of them out."""
    steps: int = parameters["num_inference_steps"]
    return int(steps * parameters.get("strength", 1.0))
