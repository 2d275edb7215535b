"""Schedulers of diffusers that draw wrong pictures in some renders, or are slow, corrected. Elsewhere they compute what they did."""

from __future__ import annotations

import functools
from functools import cache
from typing import Any

import numpy as np
import torch
from diffusers import (
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    SchedulerMixin,
    TCDScheduler,
    VQDiffusionScheduler,
)

from worker.rendering.errors import RequestRefused


@cache
def correct(scheduler_class: type[SchedulerMixin], *, from_picture: bool) -> Any:
    """A subclass of the same name. `from_picture`: for a render that starts from a picture, so perhaps in the middle of the
    timesteps.
    """
    corrections = [
        correction
        for correction, classes in _CORRECTIONS.items()
        if issubclass(scheduler_class, classes) and (from_picture or correction not in _FROM_A_PICTURE)
    ]

    # Pipelines read the signature to find out what a scheduler takes.
    @functools.wraps(scheduler_class.set_timesteps)
    def set_timesteps(self: Any, *arguments: Any, **options: Any) -> None:
        super(corrected, self).set_timesteps(*arguments, **options)
        _drop_timesteps_below_zero(self)

    if hasattr(scheduler_class, "index_for_timestep"):
        corrections.append(_FirstIndex)
    namespace = {"set_timesteps": set_timesteps, "__module__": scheduler_class.__module__}
    if not hasattr(scheduler_class, "scale_model_input"):
        # Some pipelines ask for the exact class to find out whether it has that, and a subclass is another one.
        namespace["scale_model_input"] = _keep_as_it_is
    corrected: Any = type(scheduler_class.__name__, (*corrections, scheduler_class), namespace)
    return corrected


def _keep_as_it_is(_scheduler: Any, sample: Any, *_timestep: Any) -> Any:
    return sample


def _drop_timesteps_below_zero(scheduler: Any) -> None:
    # With trailing spacing diffusers counts down in steps of 1000 / n, and for some n (61) rounding gives one step too many:
    # to -1, which means the noisiest moment, so that the picture is lost.
    if scheduler.config.get("timestep_spacing") is None:
        # Its timesteps are logarithms of noise, which go below zero rightly.
        return
    surplus = int((scheduler.timesteps < 0).sum())
    if surplus == 0:
        return
    scheduler.timesteps = scheduler.timesteps[:-surplus]
    if hasattr(scheduler, "sigmas"):  # one for each timestep, and the last one for the end
        scheduler.sigmas = torch.cat([scheduler.sigmas[: -surplus - 1], scheduler.sigmas[-1:]])


class _FirstIndex:
    """A render that starts at the first timestep starts at the first sigma.

    Karras sigmas above the model's last but one become equal timesteps. diffusers looks a timestep up in the list and takes its
    second place, so the first sigma was left out, and the last step failed.
    """

    def index_for_timestep(self, timestep: Any, schedule_timesteps: torch.Tensor | None = None) -> int:
        timesteps = self.timesteps if schedule_timesteps is None else schedule_timesteps  # type: ignore[attr-defined]
        if timestep == timesteps[0]:
            return 0
        index: int = super().index_for_timestep(timestep, schedule_timesteps)  # type: ignore[misc]
        return index


class _PlainFirstStep:
    """PNDM that can start anywhere: its first step is Euler's, and the order grows with the steps that it remembers.

    diffusers lists the second timestep twice and expects the repetition at the second call. A pipeline that starts from a
    picture leaves out the beginning of the list, and with it the repetition: the second call took no step, and the noise of
    one step was left in the picture.
    """

    def set_timesteps(self, num_inference_steps: int, device: str | torch.device | None = None) -> None:
        # The Runge-Kutta steps of some configurations cannot be entered in the middle either.
        self.register_to_config(skip_prk_steps=True)  # type: ignore[attr-defined]
        super().set_timesteps(num_inference_steps, device)  # type: ignore[misc]
        self.prk_timesteps = np.array([])
        self.plms_timesteps = self._timesteps[::-1].copy()  # type: ignore[attr-defined]
        self.timesteps = torch.from_numpy(self.plms_timesteps.astype(np.int64)).to(device)

    def step(self, *arguments: Any, **options: Any) -> Any:
        result = self.step_plms(*arguments, **options)  # type: ignore[attr-defined]
        if self.counter == 1:  # type: ignore[has-type]
            # Passes over the call that repeats the first step.
            self.counter = 2
        return result


class _NoiseFromVelocity:
    """PNDM for models that predict velocities: each prediction becomes one of noise before it is combined with earlier ones.

    diffusers combines the velocities and converts the sum, as if all of them were of the last timestep: with few steps
    noise was left in the picture.
    """

    def step_plms(
        self, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, *rest: Any, **options: Any
    ) -> Any:
        if self._predicts_velocity:
            signal, noise = self._scales(timestep)
            model_output = signal * model_output + noise * sample
        return super().step_plms(model_output, timestep, sample, *rest, **options)  # type: ignore[misc]

    def _get_prev_sample(self, sample: torch.Tensor, timestep: Any, prev_timestep: Any, model_output: Any) -> Any:
        if not self._predicts_velocity:
            return super()._get_prev_sample(sample, timestep, prev_timestep, model_output)  # type: ignore[misc]
        signal, noise = self._scales(timestep)
        next_signal, next_noise = self._scales(prev_timestep)
        return next_signal / signal * (sample - noise * model_output) + next_noise * model_output

    @property
    def _predicts_velocity(self) -> bool:
        return bool(self.config.prediction_type == "v_prediction")  # type: ignore[attr-defined]

    def _scales(self, timestep: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """What picture and noise are multiplied by at the timestep."""
        alpha: torch.Tensor = self.alphas_cumprod[timestep] if timestep >= 0 else self.final_alpha_cumprod  # type: ignore[attr-defined]
        return alpha**0.5, (1 - alpha) ** 0.5


class _NoiseBetweenSigmas:
    """KDPM2 that, halfway between two sigmas, adds the noise of halfway.

    diffusers adds that of the next sigma: the part of an inpainting that the mask keeps had less noise than the rest.
    """

    def add_noise(self, original_samples: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        if self.step_index is None or self.state_in_first_order:  # type: ignore[attr-defined]
            noisy: torch.Tensor = super().add_noise(original_samples, noise, timesteps)  # type: ignore[misc]
            return noisy
        return original_samples + noise * self._sigma_halfway().to(original_samples)

    def _sigma_halfway(self) -> torch.Tensor:
        place = self.step_index - isinstance(self, KDPM2AncestralDiscreteScheduler)  # type: ignore[attr-defined]
        sigma: torch.Tensor = self.sigmas_interpol[place]  # type: ignore[attr-defined]
        return sigma


class _BuiltForFewSteps:
    """KDPM2 that takes a millisecond to build.

    diffusers' constructor sets the timesteps of as many steps as the training had, one by one in Python, and every job sets its
    own afterwards.
    """

    def set_timesteps(
        self, num_inference_steps: int, device: str | torch.device | None = None, num_train_timesteps: int | None = None
    ) -> None:
        is_built = hasattr(self, "sigmas")
        super().set_timesteps(num_inference_steps if is_built else 2, device, num_train_timesteps)  # type: ignore[misc]


class _AsManyStepsAsAsked:
    """LCM and TCD with more steps than their distillation had (50), unless the request says how many that is to be."""

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: str | torch.device | None = None,
        original_inference_steps: int | None = None,
        **options: Any,
    ) -> None:
        config = self.config  # type: ignore[attr-defined]
        if original_inference_steps is None and num_inference_steps is not None:
            fewest, most = config.original_inference_steps, config.num_train_timesteps
            if fewest < num_inference_steps <= most:
                # Only a divisor reaches the noisiest timestep.
                original_inference_steps = next(n for n in range(num_inference_steps, most + 1) if most % n == 0)
        super().set_timesteps(num_inference_steps, device, original_inference_steps, **options)  # type: ignore[misc]


class _AsManyStepsAsTrained:
    """VQ-Diffusion, whose model looks each step up in a table: one that is not there would take a GPU down with it.

    Raises RequestRefused.
    """

    def set_timesteps(self, num_inference_steps: int, device: str | torch.device | None = None) -> None:
        trained = self.config.num_train_timesteps  # type: ignore[attr-defined]
        if num_inference_steps > trained:
            raise RequestRefused(f"num_inference_steps is {num_inference_steps}, and this model has {trained} steps.")
        super().set_timesteps(num_inference_steps, device)  # type: ignore[misc]


_CORRECTIONS: dict[type, tuple[type[Any], ...]] = {
    _PlainFirstStep: (PNDMScheduler,),
    _NoiseFromVelocity: (PNDMScheduler,),
    _NoiseBetweenSigmas: (KDPM2DiscreteScheduler, KDPM2AncestralDiscreteScheduler),
    _BuiltForFewSteps: (KDPM2DiscreteScheduler, KDPM2AncestralDiscreteScheduler),
    _AsManyStepsAsAsked: (LCMScheduler, TCDScheduler),
    _AsManyStepsAsTrained: (VQDiffusionScheduler,),
}
#: The corrections that a render from noise alone does not need.
_FROM_A_PICTURE = {_PlainFirstStep}
