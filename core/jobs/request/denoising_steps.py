"""How many denoising steps a job takes. A job's row holds the number; for rows of the release before, SQL text counts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import ceil
from typing import Any

from core.catalog import StepRounding

#: The steps of a row whose `steps` is null, from its JSON column `request`: rounded down, as that release counted.
DENOISING_STEPS = """
    trunc((request->>'num_inference_steps')::integer * coalesce((request->>'strength')::numeric, 1))
"""


def count_steps(values: Mapping[str, Any], stages: tuple[str, ...], rounding: StepRounding) -> int:
    """Returns the steps that a job does: those of all `stages`, the parameters that hold their numbers. A strength shortens the
    one of num_inference_steps.
    """
    own, strength = "num_inference_steps", values.get("strength", 1.0)
    counts = (count_denoising_steps(values[name], strength if name == own else 1.0, rounding) for name in stages)
    return sum(counts)


def count_denoising_steps(num_inference_steps: int, strength: float = 1.0, rounding: StepRounding = "down") -> int:
    """Returns the steps that are done: a job that starts from an image at strength 0.6 leaves 4 in 10 of them out.

    Counted in decimals: 100 steps at 0.29 are 29, while the product of the binary numbers is a little less. `rounding` is
    what the pipeline does with the rest.
    """
    if rounding == "all":
        return num_inference_steps
    exact = num_inference_steps * Decimal(str(strength))
    return ceil(exact) if rounding == "up" else int(exact)
