"""Draws the training pictures and encodes them into latents, in parts that are kept: a stop loses one part at most."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from demo_model.dataset.drawing import draw
from demo_model.dataset.scene import Scene
from demo_model.dataset.training_set import PART, PICTURE_SIZE, training_scenes
from demo_model.generative_model.pixels import to_tensor
from demo_model.training.checkpoint import find_checkpoint, save_checkpoint

BATCH = 20


@dataclass(frozen=True)
class EncodedSet:
    """Scenes and their latents, float16 [scenes, 4, 32, 32], in the same order."""

    scenes: list[Scene]
    latents: Tensor

    @property
    def scale(self) -> float:
        """The factor that gives the latents a deviation of one."""
        return round(1 / float(self.latents.float().std()), 4)


def encode_training_set(autoencoder: AutoencoderTiny, parts: int, folder: Path, seed: int) -> EncodedSet:
    """Returns the training set's first parts; what `folder` holds of this autoencoder is read, the rest drawn."""
    folder = folder / f"{_fingerprint(autoencoder):08x}"
    folder.mkdir(parents=True, exist_ok=True)
    left = [part for part in range(parts) if not (folder / f"{part:03}.pt").exists()]
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as drawers:
        drawn = drawers.map(_draw_part, [(seed, part) for part in left])
        for part, pictures in tqdm(zip(left, drawn, strict=True), total=len(left), desc="latents", mininterval=10):
            save_checkpoint(folder / f"{part:03}.pt", {"latents": _encode(autoencoder, pictures)})

    scenes = [scene for part in range(parts) for scene in training_scenes(seed, part)]
    saved = [find_checkpoint(folder / f"{part:03}.pt") for part in range(parts)]
    return EncodedSet(scenes, torch.cat([part["latents"] for part in saved if part is not None]))


def _draw_part(seed_and_part: tuple[int, int]) -> NDArray[np.uint8]:
    pictures = np.empty((PART, PICTURE_SIZE, PICTURE_SIZE, 3), dtype=np.uint8)
    for picture, scene in zip(pictures, training_scenes(*seed_and_part), strict=True):
        picture[:] = draw(scene, PICTURE_SIZE)[0]
    return pictures


@torch.no_grad()
def _encode(autoencoder: AutoencoderTiny, pictures: NDArray[np.uint8]) -> Tensor:
    """Latents in float32 arithmetic, as pictures that image-to-image starts from are encoded."""
    starts = range(0, len(pictures), BATCH)
    return torch.cat([autoencoder.encoder(to_tensor(pictures[start : start + BATCH])).half() for start in starts])


def _fingerprint(autoencoder: AutoencoderTiny) -> int:
    """A number that no other autoencoder's weights have."""
    number = 0
    for weight in autoencoder.state_dict().values():
        number = crc32(weight.contiguous().numpy().tobytes(), number)
    return number
