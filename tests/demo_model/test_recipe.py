"""The recipe, walked through in small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from demo_model.dataset.captions import caption
from demo_model.dataset.random_scene import random_scene
from demo_model.dataset.training_set import draw_training_set
from demo_model.generative_model.autoencoder import MEAN_COLOUR, WHITENING, build_autoencoder
from demo_model.generative_model.denoiser import build_scheduler
from demo_model.generative_model.pixels import to_tensor
from demo_model.text_encoder.tokenizer import CAPTION_TOKENS, build_tokenizer, token_ids
from demo_model.training.budget import Budget, learning_rate
from demo_model.training.muon import orthogonalise
from demo_model.training.shared_gradients import SharedGradients


def test_encoder_takes_whitened_block_means() -> None:
    """The fixed encoder's first three channels are each 4 by 4 block's mean colour, whitened."""
    pictures = draw_training_set(1, 8).pictures
    latents = build_autoencoder().encoder(to_tensor(pictures))

    means = torch.from_numpy(pictures).float().div(255).reshape(8, 32, 4, 32, 4, 3).mean(dim=(2, 4))
    expected = (means - torch.tensor(MEAN_COLOUR)) @ torch.tensor(WHITENING).T
    torch.testing.assert_close(latents[:, :3].permute(0, 2, 3, 1), expected, atol=1e-4, rtol=0)


def test_captions_leave_room_for_the_slots() -> None:
    """Every caption ends before the last three tokens, and no word is unknown to the tokenizer."""
    tokenizer, generator = build_tokenizer(1), np.random.default_rng(8)
    ids = token_ids(tokenizer, [caption(random_scene(generator), generator) for _ in range(2000)])
    assert ids.shape == (2000, CAPTION_TOKENS)
    assert (ids[:, -4:] == tokenizer.pad_token_id).all()


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


def test_learning_rate_ends_at_zero_with_the_budget() -> None:
    """The cosine reaches zero when the first limit of the budget is reached."""
    budget = Budget(minutes=10, steps=1000)
    assert budget.progress(500, 0) == budget.progress(0, 300) == 0.5
    assert learning_rate(1e-3, 1000, budget.progress(1000, 0)) == pytest.approx(0)
    assert learning_rate(1e-3, 500, budget.progress(500, 0)) == pytest.approx(5e-4)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_recipe_walks_through_every_stage(tmp_path: Path) -> None:
    """A few steps of each stage write a model, its samples, its loss curve and its card."""
    arguments = ["--run", tmp_path / "run", "--out", tmp_path / "model", "--steps", "6"]
    subprocess.run([sys.executable, "-m", "demo_model.training.train", *map(str, arguments)], check=True)

    assert "| object |" in (tmp_path / "model" / "README.md").read_text()
    for written in ("model/model_index.json", "model/sheet.png", "run/loss.png", "run/samples.png"):
        assert (tmp_path / written).exists()
