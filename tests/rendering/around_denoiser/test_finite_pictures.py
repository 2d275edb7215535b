"""A decoding that overflows fails its job: diffusers would make a black picture of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from bench.tiny_families import FAMILIES
from tests.rendering.batching.company import draw, draw_together
from tests.rendering.resuming import Case, TinyModels
from worker.rendering.errors import NonFiniteResult, describe_failure
from worker.rendering.models import LoadedModel
from worker.rendering.modules.decode_in_turn import serialise_decoding

#: One step with a guidance that no model was made for: latents that are finite, and too large for an autoencoder.
OVERFLOWING = Case("sd15", "text-to-image", "euler", (1, 2), steps=1, changes={"guidance_scale": 1e30})
USUAL = Case("sd15", "text-to-image", "euler", (3,), steps=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedModel]:
    """A tiny Stable Diffusion."""
    models = TinyModels(tmp_path_factory.mktemp("finite"), ["sd15"], forwards=1)
    yield models.get("sd15")
    models.close()


def test_an_overflow_is_no_picture(model: LoadedModel) -> None:
    """The job fails with `non_finite` although its latents are finite to the last, and is not tried again."""
    outcome = draw(model, OVERFLOWING)

    assert outcome.latents is not None
    assert torch.isfinite(outcome.latents).all()
    assert isinstance(outcome.error, NonFiniteResult)
    failure = describe_failure(outcome.error)
    assert (failure.code, failure.traits.retried) == ("non_finite", False)
    assert "NaN or infinity in float32" in failure.message


def test_the_neighbours_have_their_pictures(model: LoadedModel) -> None:
    """A job beside one that overflows in the same autoencoder gets the picture that it gets alone."""
    alone = draw(model, USUAL)
    overflowing = Case("sd15", "text-to-image", "euler", (1,), 1, {**OVERFLOWING.changes, "deterministic": False})
    usual = Case("sd15", "text-to-image", "euler", (3,), 1, {"deterministic": False})

    failed, drawn = draw_together(model, [overflowing, usual])

    assert isinstance(failed.error, NonFiniteResult)
    assert alone.pixels is not None
    assert drawn.pixels is not None
    assert np.abs(drawn.pixels.astype(int) - alone.pixels).max() <= 1


def test_a_black_picture_is_a_picture(model: LoadedModel) -> None:
    """An autoencoder whose pixels are all at the lower end of the range draws black, and the job succeeds."""
    decoder = model.pipeline.vae.decoder.conv_out
    weight, bias = decoder.weight.clone(), decoder.bias.clone()
    with torch.no_grad():
        decoder.weight.zero_()
        decoder.bias.fill_(-1.0)

    outcome = draw(model, USUAL)

    with torch.no_grad():
        decoder.weight.copy_(weight)
        decoder.bias.copy_(bias)
    assert outcome.error is None
    assert outcome.pixels is not None
    assert outcome.pixels.max() == 0


@pytest.mark.parametrize(
    ("dtype", "advice"),
    [
        (torch.float16, 'dtype = "bfloat16" or "float32"'),
        (torch.bfloat16, "a lower guidance"),
        (torch.float32, "a lower guidance"),
    ],
)
@pytest.mark.parametrize("return_dict", [True, False])
def test_the_message_says_what_helps(dtype: torch.dtype, advice: str, return_dict: bool) -> None:
    """In float16 another dtype, in the others other settings; whether the autoencoder returns an object or a tuple."""
    pipeline = FAMILIES["sd15"].assemble()
    pipeline.vae.register_to_config(force_upcast=False)
    pipeline.vae.to(dtype)
    serialise_decoding(pipeline)
    latents = torch.full((2, 4, 8, 8), 1.0)
    with torch.inference_mode():
        decoded = pipeline.vae.decode(latents, return_dict=return_dict)
        assert torch.isfinite(decoded[0]).all()

        pipeline.vae.decoder.conv_out.weight *= torch.finfo(dtype).max
        with pytest.raises(NonFiniteResult, match=advice):
            pipeline.vae.decode(latents, return_dict=return_dict)
