"""The seam: which pixels it covers, and how much of each is what was drawn."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from diffusers.image_processor import VaeImageProcessor
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from core.jobs.failures import FAILURE_TRAITS
from tests.rendering.inpainting.painting import build_request, draw, draw_plainly, paint_box, take_pictures, to_pixels
from tests.rendering.resuming import TinyModels
from worker.rendering.errors import RequestRefused, describe_failure
from worker.rendering.images.keep_unmasked import find_painted, keep_unmasked, weigh_drawn


def measure_plainly(painted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The distance to the nearest kept pixel, from the definition; infinite if there is none."""
    kept = list(zip(*np.nonzero(~painted), strict=True))
    distances = [
        min((math.hypot(row - other, column - beside) for other, beside in kept), default=math.inf)
        for row, column in np.ndindex(painted.shape)
    ]
    return np.array(distances).reshape(painted.shape)


@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    seed=st.integers(0, 1000),
    part=st.sampled_from([0.1, 0.5, 0.9, 0.98, 1.0]),
    feather=st.integers(0, 20),
)
def test_every_mask_has_a_seam_of_the_width(shape: tuple[int, int], seed: int, part: float, feather: int) -> None:
    """The share is 0 on kept pixels, at least what the distance says and at most 1 on painted ones, 1 from the seam's width
    on, and 1 at some pixel of each painted area.
    """
    painted = np.random.default_rng(seed).random(shape) < part

    shares, distance = weigh_drawn(painted, feather), measure_plainly(painted)

    assert (shares[~painted] == 0).all()
    assert (shares[painted] >= np.minimum(distance[painted] / (feather + 1), 1) - 1e-6).all()
    assert (shares <= 1).all()
    assert (shares[distance > feather + 1] == 1).all()
    if painted.any():
        assert shares[distance == distance[painted].max()].max() == 1
    if feather == 0:
        assert (shares == painted).all()


def test_a_wide_area_has_a_straight_seam() -> None:
    """Beside a straight edge the shares rise evenly over the seam's pixels; the picture's border is no edge."""
    painted = np.zeros((40, 60), dtype=bool)
    painted[:, 20:] = True

    shares = weigh_drawn(painted, 4)

    assert np.allclose(shares[:, 18:26], [0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1])
    assert (shares[:, 26:] == 1).all()


@pytest.mark.parametrize(("width", "shares"), [(1, [1]), (2, [1, 1]), (3, [0.5, 1, 0.5]), (4, [0.5, 1, 1, 0.5])])
def test_a_narrow_area_is_painted_in_its_middle(width: int, shares: list[float]) -> None:
    """A line that is narrower than two seams is painted, also near an area that is wide."""
    painted = np.zeros((80, 80), dtype=bool)
    painted[:, 10 : 10 + width] = True
    painted[:, 20:70] = True

    weighed = weigh_drawn(painted, 8)

    assert np.allclose(weighed[:, 10 : 10 + width], shares)
    assert (weighed[:, 29:61] == 1).all()


def test_a_level_is_painted_as_diffusers_rounds_it() -> None:
    """Of all 256 levels of a mask, those are painted that the pipelines' own processor takes for white."""
    levels = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    processor = VaeImageProcessor(do_normalize=False, do_binarize=True, do_convert_grayscale=True)

    white = processor.preprocess(levels, height=16, width=16)[0, 0].numpy() == 1

    assert (find_painted(levels) == white).all()
    assert white.sum() == 128


@pytest.mark.parametrize("feather", [0, 1, 8, 64])
@pytest.mark.parametrize("family_id", ["sd15", "flux-dev"])
def test_the_seam_of_a_job(tiny_models: TinyModels, family_id: str, feather: int) -> None:
    """In a job's image the seam is a blend of the input and of what the job draws with a hard edge; beyond it there is only
    what was drawn.
    """
    mask = paint_box((0, 0, 40, 64))
    request = build_request(family_id, mask_feather=feather)
    before = to_pixels(take_pictures(request, mask)["image"]).astype(float)

    [image] = draw(tiny_models.get(family_id), request, mask)
    [hard] = draw(tiny_models.get(family_id), request | {"mask_feather": 0}, mask)

    shares = np.clip((40 - np.arange(64)) / min(feather + 1, 40), 0, 1)[None, :, None]
    expected = before + shares * (to_pixels(hard) - before)
    assert np.abs(to_pixels(image) - expected).max() <= 0.5 + 1e-3
    assert (to_pixels(image)[:, 40:] == before[:, 40:]).all()
    assert (to_pixels(image) == to_pixels(hard))[:, : max(40 - feather, 1)].all()


@pytest.mark.parametrize("family_id", ["sd15", "sd3", "flux-dev", "qwen-image"])
def test_a_white_mask_paints_everything(tiny_models: TinyModels, family_folder: Path, family_id: str) -> None:
    """With a mask that is white everywhere the picture is the pipeline's own, whatever the seam."""
    mask = Image.new("L", (64, 64), "white")
    request = build_request(family_id, mask_feather=64)

    [image] = draw(tiny_models.get(family_id), request, mask)
    [plain] = draw_plainly(family_folder, family_id, request, mask)

    # The last bits depend on the number of threads.
    assert np.abs(to_pixels(image) - to_pixels(plain)).max() <= 1


@pytest.mark.parametrize("padding", [None, 0, 32])
@pytest.mark.parametrize("level", [0, 1, 127])
def test_a_mask_without_white_is_refused(tiny_models: TinyModels, level: int, padding: int | None) -> None:
    """The job fails with invalid_request, which is not retried, and the message names the field and speaks of nothing else."""
    request = build_request("sd15", padding_mask_crop=padding, width=128)
    model = tiny_models.get("sd15")
    forwards = model.batcher.forwards

    with pytest.raises(RequestRefused) as caught:
        draw(model, request, Image.new("L", (128, 64), level))

    failure = describe_failure(caught.value)
    assert (failure.code, FAILURE_TRAITS[failure.code].retried) == ("invalid_request", False)
    assert failure.message == "mask_image leaves nothing to paint: at 128 x 64 pixels no part of it is white."
    assert model.batcher.forwards == forwards


def test_a_picture_that_was_drawn_smaller_is_enlarged() -> None:
    """The result has the input's size, and its kept pixels, also when a pipeline draws no picture of that size."""
    image, mask = Image.new("RGB", (96, 64), (1, 2, 3)), paint_box((0, 0, 48, 64), (96, 64))

    result = keep_unmasked(Image.new("RGB", (48, 32), "white"), image, weigh_drawn(find_painted(mask), 0))

    assert result.size == (96, 64)
    assert (to_pixels(result)[:, :48] == 255).all()
    assert (to_pixels(result)[:, 48:] == (1, 2, 3)).all()
