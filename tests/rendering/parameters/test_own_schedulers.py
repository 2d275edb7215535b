"""A model may be published with any scheduler; its configuration fits all that the model offers."""

from __future__ import annotations

from typing import Any

import diffusers
import pytest

from core.catalog.schedulers import DIFFUSION_SCHEDULERS
from worker.rendering.pipelines import build_scheduler

#: Schedulers with their own settings, and some with others that are published too.
OWN: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in DIFFUSION_SCHEDULERS),
    ("dpmpp_2m", {"algorithm_type": "sde-dpmsolver++"}),
    ("dpmpp_2m", {"solver_type": "heun"}),
    ("dpmpp_2m", {"final_sigmas_type": "sigma_min"}),
    ("unipc", {"solver_type": "bh1"}),
]


@pytest.mark.parametrize(("own", "changes"), OWN, ids=str)
def test_every_scheduler_is_built_from_every_other(own: str, changes: dict[str, Any]) -> None:
    """Settings of the same name in two schedulers (`algorithm_type`) do not stop the other one."""
    published = DIFFUSION_SCHEDULERS[own]
    scheduler = getattr(diffusers, published.class_name)(**{**published.settings, **changes})

    for name in DIFFUSION_SCHEDULERS:
        built = build_scheduler(name, scheduler)
        built.set_timesteps(4)
        assert len(built.timesteps) >= 4
