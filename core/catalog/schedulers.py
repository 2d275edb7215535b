"""The schedulers by the names that requests use, and which of them go with a model. Knows no torch: the API asks too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.catalog.families import find_facts

#: The model's own scheduler as it was published, whatever it is: goes with every model.
OWN = "own"


@dataclass(frozen=True)
class Scheduler:
    """A scheduler class of diffusers and the settings that make it what its name says."""

    class_name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: With fewer steps than these colours are wrong or noise is left, from noise alone and from a picture: found by
    #: `python -m bench.schedulers`, which says by which criterion.
    least_steps: int = 1
    least_steps_from_picture: int = 1


_PLAIN = {"use_karras_sigmas": False}
_KARRAS = {"use_karras_sigmas": True}

#: For models that were trained on noise added in steps: they predict the noise, the picture or a velocity.
DIFFUSION_SCHEDULERS: dict[str, Scheduler] = {
    "ddim": Scheduler("DDIMScheduler"),
    "ddpm": Scheduler("DDPMScheduler"),
    "deis": Scheduler("DEISMultistepScheduler", {"algorithm_type": "deis", **_PLAIN}),
    "dpmpp_2m": Scheduler("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", **_PLAIN}),
    "dpmpp_2m_karras": Scheduler(
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver++", **_KARRAS},
        least_steps=8,
        least_steps_from_picture=5,
    ),
    "dpmpp_2m_sde": Scheduler("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", **_PLAIN}),
    "dpmpp_2m_sde_karras": Scheduler(
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "sde-dpmsolver++", **_KARRAS},
        least_steps=10,
        least_steps_from_picture=5,
    ),
    "dpmpp_2s": Scheduler("DPMSolverSinglestepScheduler", {"algorithm_type": "dpmsolver++", **_PLAIN}),
    "euler": Scheduler("EulerDiscreteScheduler", _PLAIN),
    "euler_karras": Scheduler("EulerDiscreteScheduler", _KARRAS),
    "euler_ancestral": Scheduler("EulerAncestralDiscreteScheduler"),
    "heun": Scheduler("HeunDiscreteScheduler", _PLAIN, least_steps=6),
    "kdpm2": Scheduler("KDPM2DiscreteScheduler", _PLAIN, least_steps=4),
    "kdpm2_ancestral": Scheduler("KDPM2AncestralDiscreteScheduler", _PLAIN, least_steps=10),
    "lcm": Scheduler("LCMScheduler"),
    "pndm": Scheduler("PNDMScheduler", {"skip_prk_steps": True}, least_steps=6),
    "sa_solver": Scheduler("SASolverScheduler", {"algorithm_type": "data_prediction", **_PLAIN}, least_steps=5),
    "tcd": Scheduler("TCDScheduler"),
    "unipc": Scheduler("UniPCMultistepScheduler", _PLAIN),
}

#: For models that were trained on straight lines between noise and picture (flow matching): the model's own sigmas,
#: taken by another solver.
FLOW_SCHEDULERS: dict[str, Scheduler] = {
    "flow_match_euler": Scheduler("FlowMatchEulerDiscreteScheduler"),
    "flow_match_dpmpp_2m": Scheduler("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "flow_match_unipc": Scheduler("UniPCMultistepScheduler"),
}

#: diffusers has these only for models that predict the noise or a velocity.
_NOT_FOR_PICTURES = {"euler_ancestral", "kdpm2", "kdpm2_ancestral", "pndm"}

SCHEDULERS: dict[str, Scheduler] = DIFFUSION_SCHEDULERS | FLOW_SCHEDULERS
#: Every name that a models file may hold.
SCHEDULER_NAMES: frozenset[str] = frozenset({OWN, *SCHEDULERS})


def list_schedulers(scheduler_config: Mapping[str, Any], pipeline_class: str) -> tuple[str, ...]:
    """The names that go with a model, by its own scheduler's configuration (`scheduler/scheduler_config.json` in its
    folder) and its pipeline's class.
    """
    names = _list_trained_for(scheduler_config, pipeline_class)
    drawn_with = find_facts(pipeline_class).schedulers
    return names if drawn_with is None else tuple(name for name in names if name in {*drawn_with, OWN})


def _list_trained_for(scheduler_config: Mapping[str, Any], pipeline_class: str) -> tuple[str, ...]:
    if pipeline_class.startswith("LatentConsistencyModel"):
        return ("lcm", OWN)
    if is_flow_matching(scheduler_config):
        return (*FLOW_SCHEDULERS, OWN)
    if scheduler_config.get("prediction_type") in {"epsilon", "v_prediction"}:
        return (*DIFFUSION_SCHEDULERS, OWN)
    if scheduler_config.get("prediction_type") == "sample":
        return (*(name for name in DIFFUSION_SCHEDULERS if name not in _NOT_FOR_PICTURES), OWN)
    return (OWN,)


def find_least_steps(name: str, *, from_picture: bool) -> int:
    """The least number of steps that a scheduler draws sensibly with; 1 if none is known to be too few."""
    scheduler = SCHEDULERS.get(name)
    if scheduler is None:
        return 1
    return scheduler.least_steps_from_picture if from_picture else scheduler.least_steps


def is_flow_matching(scheduler_config: Mapping[str, Any]) -> bool:
    """Whether a model with this scheduler was trained on straight lines between noise and picture."""
    return (
        scheduler_config.get("_class_name") == "FlowMatchEulerDiscreteScheduler"
        or scheduler_config.get("prediction_type") == "flow_prediction"
    )
