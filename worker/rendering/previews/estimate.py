"""What a denoiser predicts as the finished picture in the middle of its steps: latents minus their remaining noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class StepTaken:
    """The arguments and the result of one `scheduler.step`. The tensors are the pipeline's own and must not be changed."""

    model_output: Tensor
    timestep: Any
    #: The latents before the step and after it.
    sample: Tensor
    latents: Tensor
    #: The scheduler's, before the step (None if it has none); by the time of the estimate it is at another step.
    step_index: int | None

    def estimate(self, scheduler: Any) -> Tensor:
        """The finished latents as the denoiser predicts them now; with the remaining noise, if that is not known. `scheduler` is the
        one that took the step.
        """
        levels = _noise_levels(scheduler, self.timestep, self.step_index)
        if levels is None or self.model_output.shape != self.sample.shape:
            return self.latents
        signal, noise = levels
        sample, output = self.sample.float(), self.model_output.float()
        if _counts_noise_up(scheduler):
            sample = sample * signal
        match getattr(scheduler.config, "prediction_type", "epsilon"):
            case _ if _is_flow(scheduler):
                return sample - noise * output
            case "epsilon":
                return (sample - noise * output) / max(signal, 1e-3)
            case "v_prediction":
                return signal * sample - noise * output
            case "sample":
                return output
            case _:
                return self.latents


def _noise_levels(scheduler: Any, timestep: Any, step_index: int | None) -> tuple[float, float] | None:
    """How much of the sample is picture and how much is noise: diffusers' alpha and sigma. None if it is not known."""
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is not None and step_index is not None and step_index < len(sigmas):
        sigma = float(sigmas[step_index])
        if _is_flow(scheduler):
            return 1 - sigma, sigma
        signal = (sigma**2 + 1) ** -0.5
        return signal, sigma * signal
    cumulated = getattr(scheduler, "alphas_cumprod", None)
    if cumulated is None or timestep is None or not 0 <= int(timestep) < len(cumulated):
        return None
    share = float(cumulated[int(timestep)])
    return share**0.5, (1 - share) ** 0.5


def _is_flow(scheduler: Any) -> bool:
    config = scheduler.config
    is_flow = getattr(config, "use_flow_sigmas", False) or getattr(config, "prediction_type", "") == "flow_prediction"
    return bool(is_flow) or "FlowMatch" in type(scheduler).__name__


def _counts_noise_up(scheduler: Any) -> bool:
    """Whether the scheduler's samples grow with their noise, and are scaled down for the denoiser."""
    return (
        hasattr(scheduler, "sigmas") and not _is_flow(scheduler) and not hasattr(scheduler, "_sigma_to_alpha_sigma_t")
    )
