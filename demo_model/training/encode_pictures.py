"""Draws the training pictures and encodes them into latents, in parts that are kept: a stop loses one part at most."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from diffusers import AutoencoderTiny
from torch import Tensor
from tqdm import tqdm

from demo_model.dataset.drawing import draw
from demo_model.dataset.scene import Scene
from demo_model.dataset.training_set import training_scenes
from demo_model.generative_model.pixels import to_tensor
from demo_model.training.checkpoint import find_checkpoint, save_checkpoint
from demo_model.training.precision import half_precision

BATCH = 25


@dataclass(frozen=True)
class EncodedSet:
    """Scenes and their latents, float16 [scenes, 4, side, side], in the same order."""

    scenes: list[Scene]
    latents: Tensor

    @property
    def scale(self) -> float:
        """The factor that gives the latents a deviation of one."""
        return round(1 / float(self.latents.float().std()), 4)


def encode_training_set(autoencoder: AutoencoderTiny, parts: int, size: int, folder: Path, seed: int) -> EncodedSet:
    """Returns the training set's first parts, drawn at a size.

    What `folder` holds of them and this autoencoder is read, the rest made.
    """
    folder = folder / f"{_fingerprint(autoencoder):08x}-{size}"
    folder.mkdir(parents=True, exist_ok=True)
    left = [part for part in range(parts) if not (folder / f"{part:03}.pt").exists()]
    with ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as workers:
        made = [workers.submit(_make_part, autoencoder, seed, part, size, folder) for part in left]
        for each in tqdm(as_completed(made), total=len(made), desc=f"latents of {size} pixels", mininterval=10):
            each.result()

    scenes = [scene for part in range(parts) for scene in training_scenes(seed, part)]
    saved = [find_checkpoint(folder / f"{part:03}.pt") for part in range(parts)]
    return EncodedSet(scenes, torch.cat([part["latents"] for part in saved if part is not None]))


@torch.no_grad()
def _make_part(autoencoder: AutoencoderTiny, seed: int, part: int, size: int, folder: Path) -> None:
    scenes = training_scenes(seed, part)
    latents = []
    for start in range(0, len(scenes), BATCH):
        pictures = np.stack([draw(scene, size)[0] for scene in scenes[start : start + BATCH]])
        with half_precision():
            latents.append(autoencoder.encoder(to_tensor(pictures)).half())
    save_checkpoint(folder / f"{part:03}.pt", {"latents": torch.cat(latents)})


def _fingerprint(autoencoder: AutoencoderTiny) -> int:
    """A number that no other autoencoder's weights have."""
    number = 0
    for weight in autoencoder.state_dict().values():
        number = crc32(weight.contiguous().numpy().tobytes(), number)
    return number
