"""`padding_mask_crop`: which part of a picture is drawn, enlarged, and that it lands where it was cut out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from diffusers.image_processor import VaeImageProcessor
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.rendering.inpainting.painting import (
    FAMILY_PARAMETERS,
    as_sent,
    build_request,
    draw,
    paint_box,
    take_pictures,
    to_pixels,
)
from tests.rendering.resuming import TinyModels
from worker.rendering.images.crop_to_mask import MaskCrop
from worker.rendering.images.inpainting import Inpainting
from worker.rendering.images.keep_unmasked import find_painted
from worker.rendering.images.widen_mask import widen_mask

#: Width and height of pictures: squares, long ones, and sides that are no multiples of eight.
SIZES = ((64, 64), (128, 64), (64, 136), (72, 64), (50, 37), (8, 8), (512, 16))

#: Masks of a picture of 64 x 64: at each border, in corners, single pixels, and everything.
BOXES = {
    "left": (0, 20, 9, 40),
    "right": (57, 20, 64, 40),
    "top": (20, 0, 40, 5),
    "bottom": (20, 61, 40, 64),
    "first pixel": (0, 0, 1, 1),
    "last pixel": (63, 63, 64, 64),
    "pixel": (35, 29, 36, 30),
    "line": (3, 30, 61, 31),
    "everything": (0, 0, 64, 64),
}


@settings(deadline=None)
@given(size=st.sampled_from(SIZES), seed=st.integers(0, 10_000), padding=st.sampled_from([0, 1, 7, 32, 1000]))
def test_the_part_lies_in_the_picture_and_holds_what_is_painted(size: tuple[int, int], seed: int, padding: int) -> None:
    """Of any mask in any picture; enlarged it is as large as the picture, and put back it changes nothing beside it."""
    width, height = size
    lot = np.random.default_rng(seed)
    left, top = int(lot.integers(0, width)), int(lot.integers(0, height))
    right, bottom = int(lot.integers(left + 1, width + 1)), int(lot.integers(top + 1, height + 1))
    painted = find_painted(paint_box((left, top, right, bottom), size))
    picture = Image.fromarray(lot.integers(0, 256, (height, width, 3), dtype=np.uint8))

    crop = MaskCrop(painted, padding)
    whole = crop.put_back(Image.new("RGB", size, "red"), picture)

    x, y, x2, y2 = crop.box
    assert 0 <= x <= left < right <= x2 <= width
    assert 0 <= y <= top < bottom <= y2 <= height
    assert x <= max(left - padding, 0)
    assert x2 >= min(right + padding, width)
    assert crop.enlarge(picture).size == whole.size == size
    outside = np.ones((height, width), dtype=bool)
    outside[y:y2, x:x2] = False
    assert (to_pixels(whole)[outside] == to_pixels(picture)[outside]).all()
    assert (to_pixels(whole)[~outside] == (255, 0, 0)).all()


def test_what_is_drawn_lands_where_it_was_cut_out() -> None:
    """A part that is enlarged and put back unchanged gives the picture again, but for what two resizings lose."""
    rows, columns = np.mgrid[0:96, 0:128]
    picture = Image.fromarray(np.stack([rows * 2, columns, rows + columns], axis=-1).astype(np.uint8))
    crop = MaskCrop(find_painted(paint_box((70, 40, 100, 60), (128, 96))), 4)

    whole = crop.put_back(crop.enlarge(picture), picture)

    assert np.abs(to_pixels(whole) - to_pixels(picture)).max() <= 4


def test_dark_specks_are_no_part_of_the_mask() -> None:
    """The part is that of what is painted, and not of the dark grey that JPEG leaves around white."""
    mask = paint_box((20, 20, 30, 30))
    speckled = mask.copy()
    speckled.putpixel((60, 2), 9)
    picture = take_pictures(build_request("sd15"), mask)["image"]

    clean, other = (
        Inpainting({"image": picture, "mask_image": each}, {"mask_feather": 0, "padding_mask_crop": 4})
        for each in (mask, speckled)
    )

    black = Image.new("RGB", (64, 64))
    assert (to_pixels(clean.finish(black)) == to_pixels(other.finish(black))).all()
    assert MaskCrop(find_painted(speckled), 4).box == (16, 16, 34, 34)


@pytest.mark.parametrize("padding", [None, 0, 8])
@pytest.mark.parametrize("box", BOXES)
def test_masks_at_borders_and_tiny_ones(tiny_models: TinyModels, box: str, padding: int | None) -> None:
    """Whatever the mask, it is painted, in two images in two ways, and the rest stays exactly."""
    request, mask = build_request("sd15", strength=1.0, padding_mask_crop=padding), paint_box(BOXES[box])
    before, painted = to_pixels(take_pictures(request, mask)["image"]), to_pixels(mask) > 0
    model = tiny_models.get("sd15")

    images = [as_sent(image) for image in draw(model, request, mask, (7, 8))]
    [other] = draw(model, request | {"prompt": "a blue bowl", "guidance_scale": 9.0}, mask)

    for image in images:
        assert (image[~painted] == before[~painted]).all()
        assert np.abs(image - before)[painted].max() > 5
    assert (images[0] != images[1])[painted].any()
    # The prompt shows in it, and so it is not only what the autoencoder makes of the input.
    assert (images[0] != to_pixels(other))[painted].any()


@pytest.mark.parametrize("size", [(128, 64), pytest.param((64, 128), marks=pytest.mark.slow), (80, 64)])
@pytest.mark.parametrize("family_id", FAMILY_PARAMETERS)
def test_every_family_draws_a_part_in_every_proportion(
    tiny_models: TinyModels, family_id: str, size: tuple[int, int]
) -> None:
    """A part of a picture in two images: painted differently, and the rest stays exactly."""
    request = build_request(family_id, width=size[0], height=size[1], padding_mask_crop=3, mask_feather=2)
    mask = paint_box((30, 3, 51, 20), size)
    before, painted = to_pixels(take_pictures(request, mask)["image"]), to_pixels(mask) > 0

    images = [as_sent(image) for image in draw(tiny_models.get(family_id), request, mask, (7, 8))]

    for image in images:
        assert image.shape == (size[1], size[0], 3)
        assert (image[~painted] == before[~painted]).all()
        assert np.abs(image - before)[painted].mean() > 20
    assert np.abs(images[0] - images[1])[painted].max() > 10


@given(seed=st.integers(0, 1000), cell=st.sampled_from([8, 16]))
def test_a_mask_is_widened_to_whole_cells(seed: int, cell: int) -> None:
    """A cell is white if the mask paints any of its pixels, and black otherwise; pictures may end within a cell."""
    lot = np.random.default_rng(seed)
    mask = Image.fromarray((lot.random((40, 52)) < 0.005).astype(np.uint8) * 200)

    wide = np.asarray(widen_mask(mask, cell))

    assert wide.shape == (40, 52)
    for row in range(0, 40, cell):
        for column in range(0, 52, cell):
            there = (slice(row, row + cell), slice(column, column + cell))
            assert (wide[there] == (255 if np.asarray(mask)[there].any() else 0)).all()


@pytest.mark.parametrize("padding", [None, 4])
def test_each_of_several_control_images_is_kept(padding: int | None) -> None:
    """A list stays a list, and each of its pictures is cut as the others are."""
    controls = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    request = {"mask_feather": 0, "padding_mask_crop": padding}
    pictures: dict[str, Any] = {
        **take_pictures(build_request("sd15"), paint_box((16, 16, 32, 32))),
        "control_image": controls,
    }
    pipeline = SimpleNamespace(mask_processor=VaeImageProcessor(vae_scale_factor=8))

    prepared: dict[str, Any] = Inpainting(pictures, request).prepare_images(pipeline)

    assert [image.getpixel((5, 5)) for image in prepared["control_image"]] == [(255, 0, 0), (0, 0, 255)]
    assert {image.size for image in (*prepared["control_image"], prepared["image"])} == {(64, 64)}


@pytest.mark.parametrize(
    ("box", "padding", "is_warned"), [("right", 4, False), ("right", 64, True), ("everything", 0, True)]
)
def test_a_part_that_is_the_whole_picture_is_said(box: str, padding: int, is_warned: bool) -> None:
    """The picture is then the same as without the parameter."""
    pictures = {"image": Image.new("RGB", (64, 64)), "mask_image": paint_box(BOXES[box], (64, 64))}
    inpainting = Inpainting(pictures, {"padding_mask_crop": padding, "mask_feather": 0})

    said = ["padding_mask_crop has no effect here: the part around the mask is the whole picture"]
    assert list(inpainting.warn()) == (said if is_warned else [])


def test_without_a_padding_nothing_is_said() -> None:
    """Whatever the mask paints."""
    pictures = {"image": Image.new("RGB", (64, 64)), "mask_image": paint_box(BOXES["everything"], (64, 64))}
    assert list(Inpainting(pictures, {"mask_feather": 0}).warn()) == []
