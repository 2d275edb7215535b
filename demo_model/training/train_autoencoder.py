"""First stage: trains the autoencoder on crops, most of them around the things, where pictures are not flat."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from tqdm import tqdm

from demo_model.generative_model.autoencoder import DOWNSCALE, LATENT_CHANNELS, build_autoencoder, reconstruction_loss
from demo_model.training.checkpoint import find_checkpoint, save_checkpoint
from demo_model.training.learning_rate import learning_rate
from demo_model.training.muon import Muon
from demo_model.training.picture_pool import PicturePool
from demo_model.training.precision import half_precision
from demo_model.training.shared_gradients import SharedGradients

BATCH = 16
CROP = 96
POOL = 800
PEAK_LEARNING_RATE = 2e-3
#: Latents are disturbed by normal noise of up to this size, since the denoiser's are never exact.
MOST_NOISE = 0.12
SECONDS_BETWEEN_CHECKPOINTS = 150.0
THREADS = os.cpu_count() or 1


def train_autoencoder(
    steps: int, folder: Path, seed: int, report: Callable[[AutoencoderTiny, list[float]], None]
) -> AutoencoderTiny:
    """Returns the trained autoencoder; resumes from `folder`'s checkpoint and saves one there.

    `report` is called with the autoencoder and the losses so far after every checkpoint.
    """
    torch.manual_seed(seed)
    autoencoder = build_autoencoder().to(memory_format=torch.channels_last)
    optimisers = _optimisers(autoencoder)
    step, seconds = 0, 0.0
    losses: list[float] = []

    path = folder / "autoencoder.pt"
    if (saved := find_checkpoint(path)) is not None:
        autoencoder.load_state_dict(saved["weights"])
        for optimiser, state in zip(optimisers, saved["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        step, seconds, losses = saved["step"], saved["seconds"], saved["losses"]
        torch.manual_seed(seed + step)

    def save() -> None:
        states = [optimiser.state_dict() for optimiser in optimisers]
        progress = {"losses": losses, "step": step, "seconds": seconds}
        save_checkpoint(path, {"weights": autoencoder.state_dict(), "optimisers": states, **progress})
        report(autoencoder, losses)

    def loss(pictures: Tensor, noise: Tensor) -> Tensor:
        with half_precision():
            return reconstruction_loss(autoencoder, pictures, noise)

    if step < steps:
        pool = PicturePool(np.random.default_rng((seed, step)), min(POOL, 8 * steps))
    bar = tqdm(desc="autoencoder", initial=step, total=steps, mininterval=10)
    last_save = seconds
    with SharedGradients(autoencoder, shares=THREADS) as gradients:
        while step < steps:
            started = time.perf_counter()
            losses.append(gradients.backward(loss, pool.crops(BATCH, CROP), _noise()))
            torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] = learning_rate(PEAK_LEARNING_RATE, step, step / steps)
                optimiser.step()

            step += 1
            seconds += time.perf_counter() - started
            bar.update()
            bar.set_postfix(loss=f"{np.mean(losses[-50:]):.4f}", refresh=False)
            if seconds - last_save > SECONDS_BETWEEN_CHECKPOINTS:
                last_save = seconds
                save()
    bar.close()

    save()
    return autoencoder.eval()


def _optimisers(autoencoder: AutoencoderTiny) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the kernels of the inner layers, AdamW for the outermost ones and for biases."""
    layers = [
        (name, weight)
        for part in (autoencoder.encoder, autoencoder.decoder)
        for name, weight in part.named_parameters()
    ]
    ends = {f"layers.{len(part.layers) - 1}.weight" for part in (autoencoder.encoder, autoencoder.decoder)}
    inner = [weight for name, weight in layers if weight.ndim > 1 and name not in {"layers.0.weight", *ends}]
    kept = {id(weight) for weight in inner}
    rest = [weight for _, weight in layers if id(weight) not in kept]
    return (
        Muon(inner, weight_decay=0.0, threads=THREADS),
        torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
    )


def _noise() -> Tensor:
    """Noise for a batch's latents, float [16, 4, 12, 12], of a different size in every crop."""
    side = CROP // DOWNSCALE
    return MOST_NOISE * torch.rand(BATCH, 1, 1, 1) * torch.randn(BATCH, LATENT_CHANNELS, side, side)
