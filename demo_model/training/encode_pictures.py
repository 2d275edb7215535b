"""Encodes the training pictures into latents, once, since the encoder never changes."""

from __future__ import annotations

import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from tqdm import tqdm

from demo_model.dataset.training_set import TrainingSet
from demo_model.generative_model.pixels import to_tensor

BATCH = 64


@torch.no_grad()
def encode_pictures(autoencoder: AutoencoderTiny, training_set: TrainingSet) -> Tensor:
    """Returns latents float16 [scenes, 4, 32, 32] of the training set's pictures."""
    batches = range(0, len(training_set.scenes), BATCH)
    return torch.cat(
        [
            autoencoder.encoder(to_tensor(training_set.pictures[start : start + BATCH])).half()
            for start in tqdm(batches, desc="latents", mininterval=10)
        ]
    )
