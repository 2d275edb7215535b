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

#: Parameters of a pipeline that goes over its steps more than once.
REPETITION = ("jump_length", "jump_n_sample")


def count_steps(
    values: Mapping[str, Any], stages: tuple[str, ...], rounding: StepRounding, *, strength: float = 1.0
) -> int:
    """Returns the steps that a job does: those of all `stages`, the parameters that hold their numbers. A strength, the job's or
    else the one given, shortens the one of the last.
    """
    last = count_denoising_steps(values[stages[-1]], values.get("strength", strength), rounding)
    return sum(int(values[name]) for name in stages[:-1]) + last + _count_repeated(values, last)


def _count_repeated(values: Mapping[str, Any], steps: int) -> int:
    """The steps that RePaint takes again after it has gone back to more noise (Lugmayr et al. 2022, arXiv 2201.09865, figure 9, as
    diffusers does it): every `jump_length` steps it repeats as many, until they are done `jump_n_sample` times.
    """
    if not values.keys() >= set(REPETITION):
        return 0
    length, samples = (int(values[name]) for name in REPETITION)
    return len(range(0, steps - length, length)) * (samples - 1) * length


def count_denoising_steps(num_inference_steps: int, strength: float = 1.0, rounding: StepRounding = "down") -> int:
    """Returns the steps that are done: a job that starts from an image at strength 0.6 leaves 4 in 10 of them out.

    Counted in decimals: 100 steps at 0.29 are 29, while the product of the binary numbers is a little less. `rounding` is
    what the pipeline does with the rest.
    """
    if rounding == "all":
        return num_inference_steps
    exact = num_inference_steps * Decimal(str(strength))
    return ceil(exact) if rounding == "up" else int(exact)
