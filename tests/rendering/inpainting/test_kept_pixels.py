"""Outside the mask a job's images have the pixels of the input, in every family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.catalog import find_task_signature
from tests.rendering.inpainting.painting import (
    FAMILY_PARAMETERS,
    as_sent,
    build_request,
    draw,
    draw_plainly,
    paint_box,
    take_pictures,
    to_pixels,
)
from tests.rendering.resuming import TinyModels

#: Levels of 256 that the last bits of a number can change: torch sums in other orders with other numbers of threads.
ROUNDING = 1

#: Cells of every family's latents are 8 or 16 pixels wide, and so this box is drawn as it is.
BOX = (16, 16, 32, 48)

#: The surroundings of this one (8 pixels) are drawn twice as large, and then the box is in cells as well.
SMALL_BOX = (16, 16, 32, 32)

#: Puts only the middle of what it drew with `padding_mask_crop` back, enlarged.
NOT_PUT_BACK = {"flux2-klein"}


@pytest.mark.parametrize("family_id", FAMILY_PARAMETERS)
def test_it_is_the_pipelines_picture_inside_and_the_input_outside(
    tiny_models: TinyModels, family_folder: Path, family_id: str
) -> None:
    """With a hard edge, each pixel inside the mask is that of diffusers alone, and each one outside exactly the input's."""
    request, mask = build_request(family_id), paint_box(BOX)
    before, painted = to_pixels(take_pictures(request, mask)["image"]), to_pixels(mask) > 0

    [image] = draw(tiny_models.get(family_id), request, mask)
    [plain] = draw_plainly(family_folder, family_id, request, mask)

    after = as_sent(image)
    assert (after[~painted] == before[~painted]).all()
    assert np.abs(after - to_pixels(plain))[painted].max() <= ROUNDING
    assert np.abs(after - before)[painted].mean() > 20
    # diffusers alone changes what the mask keeps.
    assert np.abs(to_pixels(plain) - before)[~painted].max() > 20


@pytest.mark.parametrize("family_id", FAMILY_PARAMETERS)
def test_a_part_is_the_pipelines_own_inside_the_mask(
    tiny_models: TinyModels, family_folder: Path, family_id: str
) -> None:
    """The same with padding_mask_crop, in all families whose pipeline has it and puts the part back."""
    model = tiny_models.get(family_id)
    signature = find_task_signature(type(model.pipeline).__name__, "inpainting")
    request, mask = build_request(family_id, padding_mask_crop=8), paint_box(SMALL_BOX)
    before, painted = to_pixels(take_pictures(request, mask)["image"]), to_pixels(mask) > 0

    [image] = draw(model, request, mask)

    after = as_sent(image)
    assert (after[~painted] == before[~painted]).all()
    assert np.abs(after - before)[painted].mean() > 20
    assert signature is not None
    if "padding_mask_crop" in signature.parameters and family_id not in NOT_PUT_BACK:
        [plain] = draw_plainly(family_folder, family_id, request, mask)
        assert np.abs(after - to_pixels(plain))[painted].max() <= ROUNDING


@pytest.mark.parametrize("family_id", FAMILY_PARAMETERS)
def test_each_of_three_images_is_that_of_a_job_of_its_own(tiny_models: TinyModels, family_id: str) -> None:
    """With padding_mask_crop and a seam: what is kept is the input's in all three, what is painted is that of each seed alone,
    and the three differ.
    """
    model, seeds = tiny_models.get(family_id), (7, 8, 9)
    request = build_request(family_id, padding_mask_crop=8, deterministic=False, mask_feather=8)
    mask = paint_box((13, 18, 40, 37))
    before, painted = to_pixels(take_pictures(request, mask)["image"]), to_pixels(mask) > 0

    images = [as_sent(image) for image in draw(model, request, mask, seeds)]

    assert len(images) == 3
    for image, seed in zip(images, seeds, strict=True):
        [alone] = draw(model, request, mask, (seed,))
        assert (image[~painted] == before[~painted]).all()
        assert np.abs(image - to_pixels(alone)).max() <= ROUNDING
    assert np.abs(images[0] - images[1])[painted].max() > 10
    assert np.abs(images[0] - images[2])[painted].max() > 10


@pytest.mark.parametrize(
    "changes", [{"strength": 1.0}, {"strength": 0.4}, {"mask_feather": 64}, {"width": 128}, {"height": 128}]
)
@pytest.mark.parametrize("family_id", ["sd15", "sdxl-controlnet", "sd3", "flux2-klein", "z-image"])
def test_no_parameter_changes_what_is_kept(tiny_models: TinyModels, family_id: str, changes: dict[str, Any]) -> None:
    """Whatever the strength, the seam and the proportions; and something inside is painted."""
    request = build_request(family_id, **changes)
    mask = paint_box((5, 9, 50, 51), (request["width"], request["height"]))
    before, painted = to_pixels(take_pictures(request, mask)["image"]), to_pixels(mask) > 0

    [image] = draw(tiny_models.get(family_id), request, mask)

    assert (as_sent(image)[~painted] == before[~painted]).all()
    assert np.abs(as_sent(image) - before)[painted].max() > 20


@pytest.mark.parametrize(("output_format", "mean"), [("jpeg", 0), ("webp", 1)])
def test_a_file_of_another_format_shows_the_same_picture(
    tiny_models: TinyModels, output_format: str, mean: float
) -> None:
    """Kept pixels are in a JPEG file exactly, and in a WebP file nearly, what these formats make of the input's."""
    request, mask = build_request("sd15", scheduler="own"), paint_box(BOX)
    image = take_pictures(request, mask)["image"]

    [drawn] = draw(tiny_models.get("sd15"), request, mask)

    # JPEG compresses squares of eight pixels, each for itself; WebP predicts one from another.
    kept = to_pixels(mask) == 0
    assert np.abs(as_sent(drawn, output_format) - as_sent(image, output_format))[kept].mean() <= mean
