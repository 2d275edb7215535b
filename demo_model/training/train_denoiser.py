"""Third stage: trains the denoiser on stored latents and freshly worded captions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from demo_model.dataset.captions import caption
from demo_model.dataset.style_wordings import NOTHING_ASKED
from demo_model.generative_model.denoiser import build_denoiser, build_scheduler, stratified_timesteps
from demo_model.text_encoder.tokenizer import token_ids
from demo_model.training.checkpoint import find_checkpoint, save_checkpoint
from demo_model.training.encode_pictures import EncodedSet
from demo_model.training.learning_rate import learning_rate
from demo_model.training.muon import Muon
from demo_model.training.precision import half_precision
from demo_model.training.shared_gradients import SharedGradients

BATCH = 32
PEAK_LEARNING_RATE = 2e-3
#: Share of batches of small pictures.
SMALL = 0.2
#: Share of captions replaced by one that asks for nothing, for classifier-free guidance.
EMPTY_CAPTIONS = 0.1
EMA_DECAY = 0.999
SECONDS_BETWEEN_CHECKPOINTS = 240.0
THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class DenoiserData:
    """What the denoiser learns from."""

    #: Pictures of both sizes, and the factor that gives latents of the large ones a deviation of one.
    large: EncodedSet
    small: EncodedSet
    scale: float
    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel


def train_denoiser(
    data: DenoiserData,
    steps: int,
    folder: Path,
    seed: int,
    report: Callable[[UNet2DConditionModel, list[float]], None],
) -> UNet2DConditionModel:
    """Returns the denoiser with averaged weights (EMA); resumes from `folder`'s checkpoint and saves one there.

    `report` is called with the averaged denoiser and the losses so far after every checkpoint.
    """
    torch.manual_seed(seed)
    denoiser = build_denoiser().to(memory_format=torch.channels_last)
    # Several times as fast on a processor, backwards, as the fused kernel.
    denoiser.set_attn_processor(AttnProcessor())
    average = build_denoiser().requires_grad_(requires_grad=False)
    average.load_state_dict(denoiser.state_dict())
    optimisers = _optimisers(denoiser)
    step, seconds = 0, 0.0
    losses: list[float] = []

    path = folder / "denoiser.pt"
    if (saved := find_checkpoint(path)) is not None:
        denoiser.load_state_dict(saved["weights"])
        average.load_state_dict(saved["average"])
        for optimiser, state in zip(optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        step, seconds, losses = saved["step"], saved["seconds"], saved["losses"]
        torch.manual_seed(seed + step)

    def save() -> None:
        state: dict[str, Any] = {"weights": denoiser.state_dict(), "average": average.state_dict()}
        state["optimisers"] = [optimiser.state_dict() for optimiser in optimisers]
        save_checkpoint(path, {**state, "losses": losses, "step": step, "seconds": seconds})

    def loss(noisy: Tensor, timesteps: Tensor, ids: Tensor, velocity: Tensor) -> Tensor:
        with half_precision():
            with torch.no_grad():
                text = data.text_encoder(ids).last_hidden_state
            predicted: Tensor = denoiser(noisy, timesteps, text).sample
        return (predicted.float() - velocity).square().mean()

    generator = np.random.default_rng((seed, step))
    bar = tqdm(desc="denoiser", initial=step, total=steps, mininterval=10)
    last_save = seconds
    with SharedGradients(denoiser, shares=THREADS) as gradients:
        while step < steps:
            started = time.perf_counter()
            losses.append(gradients.backward(loss, *_batch(data, generator)))
            torch.nn.utils.clip_grad_norm_(denoiser.parameters(), 1.0)
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = learning_rate(PEAK_LEARNING_RATE, step, step / steps)
                optimiser.step()
            _average_in(average, denoiser, step)

            step += 1
            seconds += time.perf_counter() - started
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-50:]):.4f}", refresh=False)
            if seconds - last_save > SECONDS_BETWEEN_CHECKPOINTS:
                last_save = seconds
                save()
                report(average, losses)
    bar.close()

    save()
    report(average, losses)
    return average.eval()


def _optimisers(denoiser: UNet2DConditionModel) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the matrices and kernels of the inner layers, AdamW for the rest."""
    outer = ("conv_in", "conv_out", "time_embedding", "add_embedding.pool.positional_embedding")
    inner = [weight for name, weight in denoiser.named_parameters() if weight.ndim > 1 and not name.startswith(outer)]
    kept = {id(weight) for weight in inner}
    rest = [weight for weight in denoiser.parameters() if id(weight) not in kept]
    return (
        Muon(inner, weight_decay=0.01, threads=THREADS),
        torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
    )


def _batch(data: DenoiserData, generator: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Noisy latents [32, 4, side, side], timesteps [32], token ids [32, 77] and the velocities to predict, as the latents."""
    pictures = data.small if generator.random() < SMALL else data.large
    picked = generator.integers(len(pictures.scenes), size=BATCH)
    captions = [
        NOTHING_ASKED[generator.integers(len(NOTHING_ASKED))]
        if generator.random() < EMPTY_CAPTIONS
        else caption(pictures.scenes[index], generator)
        for index in picked
    ]

    scheduler = build_scheduler()
    latents = pictures.latents[torch.from_numpy(picked)].float() * data.scale
    noise = torch.randn_like(latents)
    timesteps = stratified_timesteps(BATCH, scheduler.config.num_train_timesteps)
    noisy = scheduler.add_noise(latents, noise, timesteps).contiguous(memory_format=torch.channels_last)
    return noisy, timesteps, token_ids(data.tokenizer, captions), scheduler.get_velocity(latents, noise, timesteps)


@torch.no_grad()
def _average_in(average: UNet2DConditionModel, denoiser: UNet2DConditionModel, step: int) -> None:
    """Moves the averaged weights towards the trained ones, faster at the beginning."""
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(denoiser.parameters()), 1 - decay)
