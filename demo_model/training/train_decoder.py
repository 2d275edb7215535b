"""First stage: trains the autoencoder's decoder on crops around the things, where pictures are not flat."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from tqdm import tqdm

from demo_model.dataset.training_set import PICTURE_SIZE, TrainingSet
from demo_model.dataset.vocabulary import POSITIONS
from demo_model.generative_model.autoencoder import DOWNSCALE, LATENT_CHANNELS, build_autoencoder, decoding_loss
from demo_model.generative_model.pixels import to_tensor
from demo_model.training.budget import Budget, learning_rate
from demo_model.training.checkpoint import find_checkpoint, save_checkpoint
from demo_model.training.shared_gradients import SharedGradients

BATCH = 16
CROP = 64
PEAK_LEARNING_RATE = 1.5e-3
#: Latents are disturbed by normal noise of up to this size, since the denoiser's are never exact.
MOST_NOISE = 0.1
SECONDS_BETWEEN_CHECKPOINTS = 60.0


def train_decoder(training_set: TrainingSet, budget: Budget, folder: Path, seed: int) -> AutoencoderTiny:
    """Returns the autoencoder with its decoder trained; resumes from `folder`'s checkpoint and saves one there."""
    torch.manual_seed(seed)
    autoencoder = build_autoencoder().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(autoencoder.decoder.parameters(), weight_decay=0.0, fused=True)
    step, seconds = 0, 0.0

    path = folder / "decoder.pt"
    if (saved := find_checkpoint(path)) is not None:
        autoencoder.load_state_dict(saved["weights"])
        optimiser.load_state_dict(saved["optimiser"])
        step, seconds = saved["step"], saved["seconds"]

    def save() -> None:
        weights, state = autoencoder.state_dict(), optimiser.state_dict()
        save_checkpoint(path, {"weights": weights, "optimiser": state, "step": step, "seconds": seconds})

    def loss(pictures: Tensor, noise: Tensor) -> Tensor:
        return decoding_loss(autoencoder, pictures, autoencoder.encoder(pictures) + noise)

    generator = np.random.default_rng((seed, step))
    bar = tqdm(desc="decoder", initial=step, total=budget.steps, mininterval=10)
    last_save = seconds
    with SharedGradients(autoencoder.decoder, shares=os.cpu_count() or 1) as gradients:
        while (progress := budget.progress(step, seconds)) < 1:
            started = time.perf_counter()
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(PEAK_LEARNING_RATE, step, progress)

            value = gradients.backward(loss, _crops(training_set, generator), _noise())
            torch.nn.utils.clip_grad_norm_(autoencoder.decoder.parameters(), 1.0)
            optimiser.step()

            step += 1
            seconds += time.perf_counter() - started
            bar.update()
            bar.set_postfix(loss=f"{value:.4f}", refresh=False)
            if seconds - last_save > SECONDS_BETWEEN_CHECKPOINTS:
                last_save = seconds
                save()
    bar.close()

    save()
    return autoencoder


def _crops(training_set: TrainingSet, generator: np.random.Generator) -> Tensor:
    """A batch of crops, float [16, 3, 64, 64] in [-1, 1], each near one of its picture's things."""
    crops = np.empty((BATCH, CROP, CROP, 3), dtype=np.uint8)
    for crop, index in zip(crops, generator.integers(len(training_set.scenes), size=BATCH), strict=True):
        things = training_set.scenes[index].things
        centre = POSITIONS[things[generator.integers(len(things))].position]
        near = np.array(centre) * PICTURE_SIZE - CROP / 2 + generator.uniform(-20, 20, 2)
        # Whole latents only: the encoder sees every picture on the same grid.
        left, top = (np.clip(near / DOWNSCALE, 0, (PICTURE_SIZE - CROP) / DOWNSCALE).round() * DOWNSCALE).astype(int)
        crop[:] = training_set.pictures[index, top : top + CROP, left : left + CROP]
    return to_tensor(crops)


def _noise() -> Tensor:
    """Noise for a batch's latents, float [16, 4, 16, 16], of a different size in every crop."""
    side = CROP // DOWNSCALE
    return MOST_NOISE * torch.rand(BATCH, 1, 1, 1) * torch.randn(BATCH, LATENT_CHANNELS, side, side)
