"""Some schedulers need what the denoiser gets to be scaled, which the pipeline has to do."""

from __future__ import annotations

import inspect
from typing import Any

import diffusers
import pytest
import torch

from core.catalog import list_families, list_pipeline_classes
from core.catalog.families import find_facts
from core.catalog.measured import find_measured
from core.catalog.schedulers import DIFFUSION_SCHEDULERS, list_schedulers


def _needs_scaling(name: str) -> bool:
    """Whether the scheduler changes what it is given to scale."""
    scheduler: Any = getattr(diffusers, DIFFUSION_SCHEDULERS[name].class_name)()
    scheduler.set_timesteps(10)
    latents = torch.ones(1, 4, 8, 8)
    return not torch.equal(scheduler.scale_model_input(latents.clone(), scheduler.timesteps[0]), latents)


def _takes_schedulers_of_noise(class_name: str) -> bool:
    rows = [find_measured(class_name, task) for family in list_families().values() for task in family.tasks]
    return any(row is not None and row.schedulers == "noise" for row in rows)


@pytest.mark.parametrize(
    "class_name",
    [name for name in list_pipeline_classes() if not find_facts(name).ours and _takes_schedulers_of_noise(name)],
)
def test_what_scales_nothing_is_not_offered_what_needs_it(class_name: str) -> None:
    """Its pictures would be noise: Kandinsky 3 gives the latents to its denoiser as they are."""
    if "scale_model_input" in inspect.getsource(getattr(diffusers, class_name)):
        return
    offered = {*list_schedulers({"prediction_type": "epsilon"}, class_name)} & {*DIFFUSION_SCHEDULERS}
    assert not [name for name in offered if _needs_scaling(name)]
