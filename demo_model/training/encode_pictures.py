"""The training pictures as latents: encoded once, since the encoder never changes."""

from __future__ import annotations

import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from tqdm import tqdm

from demo_model.dataset.training_set import PictureBank
from demo_model.generative_model.pixels import to_tensor

BATCH = 64


@torch.no_grad()
def encode_pictures(autoencoder: AutoencoderTiny, bank: PictureBank) -> Tensor:
    """Latents float16 [scenes, 4, 32, 32] of the bank's pictures."""
    batches = range(0, len(bank.scenes), BATCH)
    return torch.cat(
        [
            autoencoder.encoder(to_tensor(bank.pictures[start : start + BATCH])).half()
            for start in tqdm(batches, desc="latents", mininterval=10)
        ]
    )
