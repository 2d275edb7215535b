"""The recipe, walked through in small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from demo_model.dataset.captions import caption
from demo_model.dataset.drawing import draw
from demo_model.dataset.held_out import is_for_training
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.training_set import PICTURE_SIZE, SMALL_SIZE, training_scenes
from demo_model.generative_model.autoencoder import build_autoencoder, reconstruction_loss
from demo_model.generative_model.denoiser import build_scheduler
from demo_model.generative_model.pixels import to_tensor
from demo_model.text_encoder.tokenizer import CAPTION_TOKENS, build_tokenizer, token_ids
from demo_model.training.checkpoint import find_checkpoint
from demo_model.training.encode_pictures import encode_training_set
from demo_model.training.learning_rate import learning_rate
from demo_model.training.muon import orthogonalise
from demo_model.training.picture_pool import PicturePool
from demo_model.training.shared_gradients import SharedGradients
from demo_model.training.train_autoencoder import train_autoencoder


def test_latents_are_an_eighth_of_the_picture() -> None:
    """Four channels, as stock inpainting asks, and an eighth of the sides."""
    autoencoder = build_autoencoder()
    pictures = to_tensor(np.stack([draw(scene, PICTURE_SIZE)[0] for scene in training_scenes(1, 0)[:2]]))
    latents = autoencoder.encode(pictures).latents
    assert latents.shape == (2, 4, 32, 32)
    assert autoencoder.decode(latents).sample.shape == pictures.shape


def test_outlines_weigh_more_in_the_loss() -> None:
    """The same error costs more beside an outline than on a flat ground."""
    picture = -torch.ones(1, 3, 64, 64)
    picture[..., 32:] = 1
    costs = []
    for place in (8, 31):
        autoencoder = Shifted(picture, place)
        costs.append(reconstruction_loss(autoencoder, picture, torch.zeros(1)))
    assert costs[1] > 2 * costs[0]


class Shifted:
    """An autoencoder that is wrong by a tenth in one column."""

    def __init__(self, picture: torch.Tensor, column: int) -> None:
        self.picture, self.column = picture, column

    def encoder(self, pictures: torch.Tensor) -> torch.Tensor:
        # Of the mean and the variance that the loss asks for.
        latents = torch.linspace(-1, 1, 64).reshape(8, 8).expand(len(pictures), 4, 8, 8)
        return latents / latents.std()

    def decoder(self, latents: torch.Tensor) -> torch.Tensor:
        made = self.picture.expand(len(latents), -1, -1, -1).clone()
        made[..., self.column] += 0.1
        return made


def test_crops_stand_on_the_latents_grid() -> None:
    """A crop is a window of a training picture, and pools of one seed give the same crops."""
    first, second = (PicturePool(np.random.default_rng(4), 6).crops(3, 96) for _ in range(2))
    assert first.shape == (3, 3, 96, 96)
    assert torch.equal(first, second)


def test_a_part_of_the_training_set_is_always_the_same() -> None:
    """Parts differ from each other, and hold nothing of what evaluation asks for."""
    assert training_scenes(1, 0) == training_scenes(1, 0)
    assert training_scenes(1, 0) != training_scenes(1, 1)
    assert all(is_for_training(scene) for scene in training_scenes(1, 0))


def test_latents_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    """A second call reads what the first one wrote; another autoencoder's latents are its own."""
    autoencoder = build_autoencoder()
    first = encode_training_set(autoencoder, 1, SMALL_SIZE, tmp_path, seed=1)
    [written] = tmp_path.rglob("*.pt")
    before = written.stat().st_mtime_ns
    again = encode_training_set(autoencoder, 1, SMALL_SIZE, tmp_path, seed=1)
    assert torch.equal(first.latents, again.latents)
    assert written.stat().st_mtime_ns == before
    assert float((first.latents * first.scale).float().std()) == pytest.approx(1, abs=0.01)


def test_captions_leave_room_for_the_slots() -> None:
    """Every caption ends before the last four tokens."""
    tokenizer, generator = build_tokenizer(1), np.random.default_rng(8)
    ids = token_ids(tokenizer, [caption(random_scene(generator), generator) for _ in range(2000)])
    assert ids.shape == (2000, CAPTION_TOKENS)
    assert (ids[:, -5:] == tokenizer.pad_token_id).all()


def test_a_stage_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    """A second run of the autoencoder's stage makes the steps that are left, and a third one none."""
    lengths = [len(losses) for losses in (_train_autoencoder(steps, tmp_path) for steps in (1, 2, 2))]
    assert lengths == [1, 2, 2]
    saved = find_checkpoint(tmp_path / "autoencoder.pt")
    assert saved is not None
    assert saved["step"] == 2


def _train_autoencoder(steps: int, folder: Path) -> list[float]:
    """The losses of all its steps, also those of earlier runs."""
    reported: list[list[float]] = []
    train_autoencoder(steps, folder, seed=1, report=lambda _, losses: reported.append(losses))
    return reported[-1]


def test_shared_gradients_are_those_of_the_whole_batch() -> None:
    """Gradients by shares equal the gradients of one thread with everything, in the weights' memory layout."""
    torch.manual_seed(0)
    model, batch = torch.nn.Conv2d(3, 5, 3), torch.randn(6, 3, 8, 8)
    model.weight.data = model.weight.data.contiguous(memory_format=torch.channels_last)

    def loss(pictures: torch.Tensor) -> torch.Tensor:
        answers: torch.Tensor = model(pictures)
        return answers.square().mean()

    expected = torch.autograd.grad(loss(batch), list(model.parameters()))
    with SharedGradients(model, shares=2) as gradients:
        gradients.backward(loss, batch)
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        assert parameter.grad is not None
        assert parameter.grad.stride() == parameter.stride()
        torch.testing.assert_close(parameter.grad, gradient)


def test_orthogonalise_evens_out_singular_values() -> None:
    """Muon's directions have singular values near one, whatever the shape."""
    torch.manual_seed(0)
    for shape in ((32, 100), (100, 32), (64, 64)):
        values = torch.linalg.svdvals(orthogonalise(torch.randn(shape)))
        assert values.max() < 1.3
        assert values.median() > 0.6


def test_noise_ends_in_pure_noise() -> None:
    """The schedule's last step holds nothing of the picture."""
    assert build_scheduler().alphas_cumprod[-1] == pytest.approx(0, abs=1e-6)


def test_learning_rate_ends_at_zero() -> None:
    """After the warm-up it stays at its peak, and falls to zero towards the stage's last step."""
    assert learning_rate(1e-3, 29, 0.03) == pytest.approx(5e-4)
    assert learning_rate(1e-3, 500, 0.5) == pytest.approx(1e-3)
    assert learning_rate(1e-3, 800, 0.8) == pytest.approx(5e-4)
    assert learning_rate(1e-3, 1000, 1.0) == pytest.approx(0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_recipe_walks_through_every_stage(tmp_path: Path) -> None:
    """A few steps of each stage write a model, its samples, its loss curve and its card."""
    arguments = ["--run", tmp_path / "run", "--out", tmp_path / "model", "--steps", "4"]
    subprocess.run([sys.executable, "-m", "demo_model.training.train", *map(str, arguments)], check=True)

    assert "| object |" in (tmp_path / "model" / "README.md").read_text()
    for written in ("model/model_index.json", "model/sheet.png", "model/styles.png", "run/loss.png", "run/samples.png"):
        assert (tmp_path / written).exists()
