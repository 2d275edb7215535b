"""Every pipeline class of the installed diffusers: served as promised, or refused by name with a reason."""

from __future__ import annotations

from pathlib import Path

import diffusers
import pytest

from bench.families.__main__ import is_right
from bench.families.measure import measure
from bench.families.places import PLACES, Place
from bench.families.tiny_models import TinyModels
from core.catalog import list_pipeline_classes, list_refused, list_stage_classes
from core.catalog.measured import find_measured
from worker.rendering.models.pipeline_classes import OWN_CLASSES

#: The kinds of class: batched, by a ControlNet, by pictures, in stages, one at a time, larger, by chance, in tokens, by a class,
#: and a map.
SAMPLE = {
    *("sd15-text-to-image", "flux-control-text-to-image", "flux-kontext-edit", "flux-fill-inpainting"),
    *("instruct-pix2pix-edit", "image-variation-variation", "upscale-upscale", "unclip-text-to-image"),
    *("sd15-pag-text-to-image", "sd3-controlnet-inpainting-inpainting", "kandinsky-2.2-folders-image-to-image"),
    *("amused-inpainting", "dit-unconditional", "marigold-depth-map"),
}


def test_every_class_of_diffusers_is_known_or_refused() -> None:
    """A class that an upgrade of diffusers adds fails here by its name, until the table of families says what it is."""
    exported = {name for name in dir(diffusers) if name.endswith("Pipeline")} - {"DiffusionPipeline"}
    assert exported == {*list_pipeline_classes(), *list_stage_classes(), *list_refused()} - {*OWN_CLASSES}


def test_every_class_that_is_served_is_drawn_with() -> None:
    """Each has a tiny family that reaches it by a task, and was measured at that; a stage has one in two folders."""
    drawn = {name for place in PLACES for name in place.class_names}
    measured = [
        place for place in PLACES if all(find_measured(name, place.task) is not None for name in place.class_names)
    ]
    assert drawn == {*list_pipeline_classes(), *list_stage_classes()}
    assert measured == list(PLACES)


@pytest.mark.parametrize(
    "place",
    [pytest.param(place, marks=pytest.mark.slow if str(place) in SAMPLE else pytest.mark.thorough) for place in PLACES],
    ids=str,
)
# What diffusers deprecates in itself is not the question here. Some edit a megapixel, whatever size they are asked for.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(900)
def test_a_class_draws_as_promised(tmp_path: Path, place: Place) -> None:
    """A job alone is diffusers' own picture to the bit; one among others, one of several images, one whose neighbour is
    cancelled and one that is resumed are the same as alone; and what the class cannot do is what its page says.
    """
    with TinyModels(tmp_path, place.family) as models:
        row = measure(models.load(), models.folder, place)

    print(row)
    assert is_right(row, place)
    promised = find_measured(place.class_names[0], row.task)
    assert promised is not None
    assert (row.is_batched, row.resume, row.has_preview) == (
        promised.is_batched,
        promised.resume,
        promised.has_preview,
    )
    assert promised.draws_several == (row.several_images_difference is not None)
