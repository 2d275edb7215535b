"""A picture that is continued beyond its edges: its own pixels stay, and what is new is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.tiny_families import FAMILIES
from tests.rendering.inpainting.painting import FAMILY_PARAMETERS, Pixels, as_sent, build_request, to_pixels
from tests.rendering.resuming import TinyModels
from worker.rendering.drawing import Drawing
from worker.rendering.images.outpainting import lay_out
from worker.rendering.models import LoadedModel
from worker.rendering.render import render_images

EDGES = {"left": 16, "top": 0, "right": 5, "bottom": 27}
WIDTH, HEIGHT = 64 - 16 - 5, 64 - 27


@pytest.fixture
def picture() -> Image.Image:
    """Noise, which no autoencoder keeps: what is still the same was not drawn."""
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def draw(model: LoadedModel, picture: Image.Image, expand: dict[str, int] = EDGES, **changes: Any) -> list[Pixels]:
    """Two images of the job."""
    images: dict[str, Any] = {**lay_out(picture, expand)}
    if FAMILIES[model.id].control:
        images["control_image"] = images["image"].transpose(Image.Transpose.ROTATE_180)
    request = build_request(model.id, expand=expand, **changes)
    drawing = Drawing(request, (7, 8), images, task="outpaint")
    return [as_sent(image) for image in render_images(model, drawing, on_step=lambda _: None).images]


@pytest.mark.parametrize("family_id", FAMILY_PARAMETERS)
def test_its_own_pixels_stay_and_the_rest_is_drawn(
    tiny_models: TinyModels, picture: Image.Image, family_id: str
) -> None:
    """In every family that inpaints, with a seam of its usual width: the difference inside the picture is 0."""
    images = draw(tiny_models.get(family_id), picture, mask_feather=8)

    canvas = to_pixels(lay_out(picture, EDGES)["image"])
    new = to_pixels(lay_out(picture, EDGES)["mask_image"]) > 0
    for image in images:
        assert image.shape == (64, 64, 3)
        assert (image[:HEIGHT, 16 : 16 + WIDTH] == to_pixels(picture)).all()
        assert np.abs(image - canvas)[new].mean() > 5
    assert np.abs(images[0] - images[1])[new].max() > 5


def test_the_seam_lies_in_what_is_new(tiny_models: TinyModels, picture: Image.Image) -> None:
    """Beside the picture the stretched edge blends into what was drawn; a hard edge has none of that."""
    model = tiny_models.get("sd15")
    [soft, _], [hard, _] = draw(model, picture, mask_feather=8), draw(model, picture, mask_feather=0)

    canvas = to_pixels(lay_out(picture, EDGES)["image"])
    # One pixel left of the picture, a ninth of the colour is what was drawn.
    expected = canvas[:HEIGHT, 15] + (hard[:HEIGHT, 15] - canvas[:HEIGHT, 15]) / 9
    assert np.abs(soft[:HEIGHT, 15] - expected).max() <= 1
    assert (soft[:HEIGHT, 0] == hard[:HEIGHT, 0]).all()


@pytest.mark.parametrize("family_id", ["sd15", "sd3", "z-image"])
def test_a_small_strength_stays_near_the_stretched_edges(
    tiny_models: TinyModels, picture: Image.Image, family_id: str
) -> None:
    """What is new starts from the colours of the picture's edges, so that less of them is left at a larger strength."""
    model = tiny_models.get(family_id)
    canvas, new = lay_out(picture, EDGES)["image"], to_pixels(lay_out(picture, EDGES)["mask_image"]) > 0
    other = Image.fromarray(255 - np.asarray(picture))

    def measure_influence(strength: float) -> float:
        """How much the picture changes what is drawn beside it."""
        [one, _], [two, _] = (draw(model, each, strength=strength) for each in (picture, other))
        return float(np.abs(one - two)[new].mean())

    assert canvas.size == (64, 64)
    assert measure_influence(0.4) > 0
    assert measure_influence(0.4) >= measure_influence(1.0)


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_each_edge_alone(tiny_models: TinyModels, edge: str) -> None:
    """Only that side is new, and its cells of the latents, which the picture's edge cuts, are drawn whole."""
    width, height = (41, 64) if edge in {"left", "right"} else (64, 41)
    picture = Image.fromarray(np.random.default_rng(4).integers(0, 256, (height, width, 3), dtype=np.uint8))
    expand = {"left": 0, "top": 0, "right": 0, "bottom": 0, edge: 23}

    [image, _] = draw(tiny_models.get("sd15"), picture, expand, mask_feather=0)

    laid = lay_out(picture, expand)
    new = to_pixels(laid["mask_image"]) > 0
    assert (image[~new] == to_pixels(laid["image"])[~new]).all()
    assert np.abs(image - to_pixels(laid["image"]))[new].mean() > 5
