"""Every scheduler draws what the exact solution says, wherever in its timesteps a task enters."""

from __future__ import annotations

import itertools
import json
from typing import Any

import diffusers
import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler

from core.catalog.schedulers import DIFFUSION_SCHEDULERS, FLOW_SCHEDULERS, list_schedulers
from tests.rendering.samplers.known_pictures import OWN_SCHEDULERS, sample
from worker.rendering.pipelines import build_scheduler
from worker.rendering.pipelines.describe_scheduler import describe_settings

#: They add noise in their steps, so each draws another picture than the exact one.
ADDING_NOISE = {
    *("ddpm", "dpmpp_2m_sde", "dpmpp_2m_sde_karras", "euler_ancestral", "kdpm2_ancestral", "lcm", "sa_solver", "tcd"),
}
OFFERED = [
    (name, own)
    for own, scheduler in OWN_SCHEDULERS.items()
    for name in list_schedulers(
        {"_class_name": type(scheduler).__name__, **scheduler.config}, "StableDiffusionPipeline"
    )
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "own"), OFFERED)
def test_many_steps_come_to_the_exact_solution(name: str, own: str) -> None:
    """From noise and from pictures with little or much noise; schedulers that add noise have the right spread."""
    for done in (40, 28, 12, 4):
        result = sample(name, own, steps=40, done=done)

        assert result.noise < 1.8
        assert 0.6 < result.spread < 1.2
        assert result.mean == pytest.approx(0.7, abs=0.1)
        if name not in ADDING_NOISE:
            assert result.error < 0.05


@pytest.mark.parametrize(("name", "own"), OFFERED)
def test_no_more_noise_is_left_than_from_noise_alone(name: str, own: str) -> None:
    """With few steps schedulers leave some noise, or too little of the model's spread: the same wherever they start."""
    whole = sample(name, own, steps=10, done=10)

    for done in (8, 7, 4, 2):
        part = sample(name, own, steps=10, done=done)
        assert part.noise <= 1.3 * whole.noise + 0.1
        if name not in ADDING_NOISE:
            assert part.error <= 1.3 * whole.error + 0.03


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 8, 20, 61, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [*DIFFUSION_SCHEDULERS, *FLOW_SCHEDULERS])
def test_every_number_of_steps_is_drawn(name: str, steps: int) -> None:
    """No scheduler fails or loses the picture, with the last step alone, half of them, or all."""
    own = "flow" if name in FLOW_SCHEDULERS else "velocity"
    for done in {1, (steps + 1) // 2, steps}:
        result = sample(name, own, steps=steps, done=done)

        assert result.mean == pytest.approx(0.7, abs=0.12)
        assert result.noise < 2


@pytest.mark.parametrize("own", ["velocity", "linspace"])
@pytest.mark.parametrize("name", ["ddim", "pndm"])
def test_evenly_spaced_steps_leave_no_noise(name: str, own: str) -> None:
    """Where a model's timesteps are not 1000 / n apart: the noise of the difference was left at each step."""
    for steps in (4, 10):
        assert sample(name, own, steps=steps, done=steps).noise < 1.1


@pytest.mark.parametrize("steps", range(50, 101, 10))
@pytest.mark.parametrize("name", ["dpmpp_2m_karras", "dpmpp_2m_sde_karras", "euler_karras"])
def test_karras_sigmas_begin_with_the_first(name: str, steps: int) -> None:
    """For models that were trained down to pure noise several sigmas have the same timestep; none is left out."""
    own = DDIMScheduler(rescale_betas_zero_snr=True, prediction_type="v_prediction", timestep_spacing="trailing")
    scheduler = build_scheduler(name, own)
    scheduler.set_timesteps(steps)
    latents = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1)) * scheduler.init_noise_sigma

    for place, timestep in enumerate(scheduler.timesteps):
        scheduler.scale_model_input(latents, timestep)
        latents = scheduler.step(torch.zeros_like(latents), timestep, latents)[0]
        assert scheduler.step_index == place + 1
    assert torch.isfinite(latents).all()


@pytest.mark.parametrize("name", DIFFUSION_SCHEDULERS)
@pytest.mark.parametrize("own", ["noise", "velocity", "linspace"])
def test_what_a_mask_keeps_has_the_noise_of_the_next_step(name: str, own: str) -> None:
    """Inpainting adds noise to what it keeps after each step: as much as the model expects at the next timestep."""
    scheduler = build_scheduler(name, OWN_SCHEDULERS[own], from_picture=True)
    scheduler.set_timesteps(12)
    first = 3 * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    timesteps = scheduler.timesteps[first:]
    ones = torch.ones((1, 4, 8, 8))

    latents = ones
    for timestep, following in itertools.pairwise(timesteps):
        scheduler.scale_model_input(latents, timestep)
        latents = scheduler.step(torch.zeros_like(ones), timestep, latents)[0]
        kept = scheduler.add_noise(torch.zeros_like(ones), ones, following[None])
        asked = float(scheduler.scale_model_input(kept, following).mean())

        alphas = scheduler.alphas_cumprod
        expected = torch.nn.functional.interpolate(
            (1 - alphas).sqrt()[None, None], size=9991, mode="linear", align_corners=True
        )[0, 0, round(float(following) * 10)]
        assert asked == pytest.approx(float(expected), abs=0.03)


@pytest.mark.parametrize("name", ["euler_karras", "dpmpp_2m_karras"])
def test_karras_sigmas_whatever_the_models_file_leaves_out(name: str) -> None:
    """An own scheduler whose file does not name Karras sigmas says nothing about those of another scheduler."""
    own = EulerDiscreteScheduler.from_config({"beta_schedule": "scaled_linear"})

    assert build_scheduler(name, own).config.use_karras_sigmas


def test_own_is_what_the_pipeline_made_of_it() -> None:
    """A setting that the file leaves out and the pipeline has corrected stays corrected."""
    own = DDIMScheduler.from_config({"beta_schedule": "scaled_linear"})
    own._internal_dict = diffusers.configuration_utils.FrozenDict({**own.config, "clip_sample": False})

    assert [build_scheduler(name, own).config.clip_sample for name in ("own", "ddim", "ddpm")] == [False] * 3


def test_from_noise_alone_pndm_is_diffusers_own() -> None:
    """The repeated timestep is left out only where a picture is the start."""
    own = OWN_SCHEDULERS["noise"]
    plain = diffusers.PNDMScheduler.from_config(own.config, skip_prk_steps=True)
    plain.set_timesteps(10)
    for from_picture, count in ((False, 11), (True, 10)):
        scheduler = build_scheduler("pndm", own, from_picture=from_picture)
        scheduler.set_timesteps(10)
        assert len(scheduler.timesteps) == count
        assert (scheduler.timesteps.tolist() == plain.timesteps.tolist()) is not from_picture


@pytest.mark.parametrize("name", ["kdpm2", "kdpm2_ancestral"])
def test_building_a_scheduler_sets_no_thousand_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is built for every job, and then has the timesteps that diffusers' own has, to the bit."""
    kind = getattr(diffusers, DIFFUSION_SCHEDULERS[name].class_name)
    convert = kind._sigma_to_t
    converted: list[Any] = []

    def note(scheduler: Any, sigma: Any, *rest: Any) -> Any:
        converted.append(sigma)
        return convert(scheduler, sigma, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "_sigma_to_t", note)
        scheduler = build_scheduler(name, OWN_SCHEDULERS["noise"])
    assert len(converted) < 10

    plain = kind.from_config(scheduler.config)
    for each in (scheduler, plain):
        each.set_timesteps(12)
    for attribute in ("timesteps", "sigmas", "sigmas_interpol"):
        ours, own = getattr(scheduler, attribute), getattr(plain, attribute)
        torch.testing.assert_close(ours, own, rtol=0, atol=0, equal_nan=True)
    assert scheduler.init_noise_sigma == plain.init_noise_sigma


@pytest.mark.parametrize(("name", "own"), OFFERED)
def test_a_receipt_can_hold_every_scheduler(name: str, own: str) -> None:
    """Class and settings are JSON as PostgreSQL reads it, which knows no infinity; equal schedulers are described alike."""
    described = [
        describe_settings(build_scheduler(name, OWN_SCHEDULERS[own], from_picture=from_picture))
        for from_picture in (False, True)
    ]

    assert described[0] == described[1]
    assert json.loads(json.dumps(described[0], allow_nan=False)) == described[0]
    assert hasattr(diffusers, described[0]["class"])
