"""A model whose pictures are known exactly: normally distributed latents, each channel with a spread of its own.

The best denoiser of such latents is a formula, and so is what noise becomes: a latent keeps its distance from the mean in units
of the spread at its noise level (the probability flow of Song et al., https://arxiv.org/abs/2011.13456, solved for a normal
distribution).
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler

from worker.rendering.pipelines import build_scheduler

MEAN = 0.7
#: Noise that is left shows in the first channel, an inexact solution in the last.
SPREADS = torch.tensor([0.05, 0.2, 0.5, 1.0])[None, :, None, None]

_SCALED = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
#: Own schedulers of models as they are published.
OWN_SCHEDULERS = {
    "noise": DDIMScheduler(**_SCALED, clip_sample=False, timestep_spacing="leading", steps_offset=1),
    "velocity": DDIMScheduler(
        **_SCALED, clip_sample=False, prediction_type="v_prediction", timestep_spacing="trailing"
    ),
    "picture": DDIMScheduler(**_SCALED, clip_sample=False, prediction_type="sample", timestep_spacing="trailing"),
    "linspace": EulerDiscreteScheduler(**_SCALED, timestep_spacing="linspace"),
    "flow": FlowMatchEulerDiscreteScheduler(shift=3.0),
}


@dataclass(frozen=True)
class Result:
    """Latents beside the exact solution."""

    #: Root mean square of the difference.
    error: float
    #: Spread of the first channel as a multiple of the model's: above 1 is noise that was left.
    noise: float
    #: Of the last channel.
    spread: float
    mean: float


def sample(name: str, own: str, *, steps: int, done: int) -> Result:
    """The last `done` of `steps` steps, entered as diffusers' pipelines do; all of them start from noise alone."""
    scheduler = build_scheduler(name, OWN_SCHEDULERS[own], from_picture=done < steps)
    scheduler.set_timesteps(steps)
    first = (steps - done) * scheduler.order
    timesteps = scheduler.timesteps[first:]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    generator = torch.Generator().manual_seed(1)
    picture = MEAN + SPREADS * torch.randn((1, 4, 32, 32), generator=generator)
    noise = torch.randn(picture.shape, generator=generator)
    add = scheduler.scale_noise if hasattr(scheduler, "scale_noise") else scheduler.add_noise
    latents = add(picture, timesteps[:1], noise) if own == "flow" else add(picture, noise, timesteps[:1])
    exact = _solve(scheduler, own, first, picture, noise)

    options = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
    for timestep in timesteps:
        asked = latents if own == "flow" else scheduler.scale_model_input(latents, timestep)
        latents = scheduler.step(_predict(scheduler, own, asked, float(timestep)), timestep, latents, **options)[0]
    return Result(
        error=float((latents - exact).square().mean().sqrt()),
        noise=float(latents[:, 0].std() / SPREADS[0, 0]),
        spread=float(latents[:, 3].std()),
        mean=float(latents.mean()),
    )


def _predict(scheduler: Any, own: str, latents: torch.Tensor, timestep: float) -> torch.Tensor:
    """What the best denoiser answers, as the model of this kind says it."""
    signal, noise = (1 - timestep / 1000, timestep / 1000) if own == "flow" else _scales(scheduler, timestep)
    distance = (latents - signal * MEAN) / (signal**2 * SPREADS**2 + noise**2)
    picture, eps = MEAN + signal * SPREADS**2 * distance, noise * distance
    answers = {"velocity": signal * eps - noise * picture, "picture": picture, "flow": eps - picture}
    return answers.get(own, eps)


def _scales(scheduler: Any, timestep: float) -> tuple[float, float]:
    """What picture and noise are multiplied by at a timestep, between whole ones by the logarithm of their ratio."""
    alphas = scheduler.alphas_cumprod
    below = min(math.floor(timestep), len(alphas) - 2)
    lower, upper = (math.log((1 - alphas[place]) / alphas[place]) for place in (below, below + 1))
    ratio = math.exp(lower + (upper - lower) * (timestep - below))
    return (1 / (1 + ratio)) ** 0.5, (ratio / (1 + ratio)) ** 0.5


def _solve(scheduler: Any, own: str, first: int, picture: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    if own == "flow":
        share = float(scheduler.sigmas[first])
        signal = 1 - share
    else:
        signal, share = _scales(scheduler, float(scheduler.timesteps[first]))
        if hasattr(scheduler, "sigmas"):
            sigma = float(scheduler.sigmas[first])
            signal, share = 1 / (1 + sigma**2) ** 0.5, sigma / (1 + sigma**2) ** 0.5
    distance = signal * (picture - MEAN) + share * noise
    return MEAN + SPREADS * distance / (signal**2 * SPREADS**2 + share**2) ** 0.5
