"""The strength that a pipeline is given, so that it takes the steps that the job counts."""

from __future__ import annotations

from typing import Any

from core.catalog import find_signature
from core.jobs.request.denoising_steps import count_denoising_steps


def settle_strength(pipeline_class: type[Any], num_inference_steps: int, strength: float) -> float:
    """The strength itself, if the pipeline makes the right number of steps of it; otherwise one near it that does.

    A pipeline multiplies in binary, where 100 x 0.29 is a little less than 29. Of the strength it uses nothing but that
    number, and whether it is 1.
    """
    signature = find_signature(pipeline_class.__name__)
    if signature is None or signature.step_rounding == "all":
        return strength
    steps = count_denoising_steps(num_inference_steps, strength, signature.step_rounding)
    # As diffusers' get_timesteps does it: those of flow matching round what is left out.
    if signature.step_rounding == "up":
        taken = num_inference_steps - int(max(num_inference_steps - num_inference_steps * strength, 0))
        middle = steps - 0.5
    else:
        taken = int(num_inference_steps * strength)
        middle = steps + 0.5
    return strength if taken == steps else middle / num_inference_steps
