"""Measures what the autoencoder alone leaves of a picture: no model draws better than it decodes."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import AutoencoderTiny

from demo_model.dataset.drawing import Picture, draw
from demo_model.dataset.evaluation_scenes import evaluation_scenes
from demo_model.dataset.scene import Scene
from demo_model.dataset.training_set import PICTURE_SIZE
from demo_model.evaluation.checker import judge
from demo_model.evaluation.scores import Scores, score
from demo_model.evaluation.sharpness import large_shapes, median_and_tail, outline_deviation
from demo_model.generative_model.pixels import to_pictures, to_tensor
from demo_model.settings import VALIDATION_SEED


def measure_reconstructions(autoencoder: AutoencoderTiny, pictures: int) -> tuple[Scores, tuple[float, float]]:
    """Returns the scores of reconstructed held-out pictures, and the deviation of large shapes' outlines in them."""
    scenes = evaluation_scenes(pictures, VALIDATION_SEED)
    judgements = [judge(_reconstruct(autoencoder, scene), scene) for scene in scenes]
    deviations = [
        outline_deviation(_reconstruct(autoencoder, scene), scene.things[0].object) for scene in large_shapes()
    ]
    return score(scenes, judgements), median_and_tail(deviations)


@torch.no_grad()
def _reconstruct(autoencoder: AutoencoderTiny, scene: Scene) -> Picture:
    picture = to_tensor(np.stack([draw(scene, PICTURE_SIZE)[0]]))
    made: Picture = to_pictures(autoencoder.decoder(autoencoder.encoder(picture)))[0]
    return made
