"""Solvers for flow-matching models that use the model's own sigmas, in every pipeline.

diffusers' own flow modes of these solvers space the sigmas differently, and do not accept what the pipelines pass: explicit
sigmas, a shift by the picture's size, a picture to start from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

#: The largest sigma: the solvers compute logarithms of 1 - sigma.
_ALMOST_ONE = 1 - 1e-6


class _OwnSigmas:
    """Takes timesteps and sigmas from the model's Euler scheduler."""

    schedule: FlowMatchEulerDiscreteScheduler

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: str | torch.device | None = None,
        sigmas: list[float] | None = None,
        mu: float | None = None,
        timesteps: list[float] | None = None,
    ) -> None:
        self.schedule.set_timesteps(num_inference_steps, device="cpu", sigmas=sigmas, mu=mu, timesteps=timesteps)
        # Clears what the solver remembers of earlier steps.
        super().set_timesteps(len(self.schedule.timesteps), device=device)  # type: ignore[misc]
        self.timesteps = self.schedule.timesteps.to(device)
        self.sigmas = self.schedule.sigmas.clamp(max=_ALMOST_ONE)

    def scale_noise(self, sample: torch.Tensor, timestep: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The picture's latents with the noise that belongs to the timestep."""
        noisy: torch.Tensor = self.add_noise(sample, noise, timestep)  # type: ignore[attr-defined]
        return noisy


class FlowDPMSolverMultistepScheduler(_OwnSigmas, DPMSolverMultistepScheduler):  # type: ignore[misc]
    """DPM-Solver++ (2M)."""


class FlowUniPCMultistepScheduler(_OwnSigmas, UniPCMultistepScheduler):  # type: ignore[misc]
    """UniPC."""


FLOW_SOLVERS: dict[str, type[Any]] = {
    "flow_match_euler": FlowMatchEulerDiscreteScheduler,
    "flow_match_dpmpp_2m": FlowDPMSolverMultistepScheduler,
    "flow_match_unipc": FlowUniPCMultistepScheduler,
}


def build_flow_scheduler(solver: type[Any], config: Mapping[str, Any]) -> Any:
    """A scheduler of the class `solver` with the sigmas of the model's configuration."""
    shared = dict(config)
    # Some models are published with another solver, which has another name for the shift.
    shared.setdefault("shift", shared.get("flow_shift", 1.0))
    schedule = FlowMatchEulerDiscreteScheduler.from_config(shared)
    if solver is FlowMatchEulerDiscreteScheduler:
        return schedule
    scheduler = solver(
        num_train_timesteps=schedule.config.num_train_timesteps,
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
    )
    scheduler.schedule = schedule
    return scheduler
