"""Shows on two pictures how a training run goes: its loss curve and what the model draws so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from PIL import Image, ImageDraw

from demo_model.dataset.captions import plain_caption
from demo_model.dataset.drawing import draw
from demo_model.dataset.evaluation_scenes import evaluation_scenes
from demo_model.dataset.training_set import PICTURE_SIZE
from demo_model.evaluation.contact_sheet import contact_sheet
from demo_model.generative_model.pipeline import render
from demo_model.generative_model.pixels import to_pictures, to_tensor

#: Points of the curve, each the mean of equally many losses.
CURVE_POINTS = 200


def save_samples(pipeline: StableDiffusionPipeline, path: Path) -> None:
    """Saves what the model draws for twelve held-out captions, always the same captions and seeds."""
    prompts = [plain_caption(scene) for scene in evaluation_scenes(12, seed=0)]
    contact_sheet(render(pipeline, prompts, range(12)), columns=6).save(path)


@torch.no_grad()
def save_reconstructions(autoencoder: AutoencoderTiny, path: Path) -> None:
    """Saves sixteen held-out pictures in rows of eight, each row above what the autoencoder makes of it."""
    pictures = np.stack([draw(scene, PICTURE_SIZE)[0] for scene in evaluation_scenes(16, seed=0)])
    made = to_pictures(autoencoder.decoder(autoencoder.encoder(to_tensor(pictures))))
    rows = [*pictures[:8], *made[:8], *pictures[8:], *made[8:]]
    contact_sheet(rows, columns=8).save(path)


def save_loss_curve(losses: Sequence[float], path: Path) -> None:
    """Saves the losses as a curve on a logarithmic scale, with the first, last and lowest mean in figures."""
    size = max(len(losses) // CURVE_POINTS, 1)
    means = [float(np.mean(losses[start : start + size])) for start in range(0, len(losses), size)]
    board = Image.new("RGB", (640, 240), "white")
    pen = ImageDraw.Draw(board)

    logs = np.log(means)
    down = (logs.max() - logs) / max(float(np.ptp(logs)), 1e-9) * 180 + 40
    across = np.linspace(10, 630, len(means))
    pen.line(list(zip(across.tolist(), down.tolist(), strict=True)), fill="black", width=2)
    pen.text(
        (10, 8), f"{len(losses)} steps: first {means[0]:.4f}, last {means[-1]:.4f}, lowest {min(means):.4f}", "black"
    )
    board.save(path)
