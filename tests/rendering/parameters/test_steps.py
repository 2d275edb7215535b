"""The steps that a job counts are those that its pipeline takes."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import diffusers
import pytest

from core.catalog import find_family, find_signature, list_pipeline_classes
from core.jobs.request.denoising_steps import count_denoising_steps
from tests.rendering.parameters.walk import PLACES, Place, Walk
from tests.rendering.quick import SAMPLE
from worker.rendering.models.pipeline_classes import get_pipeline_class
from worker.rendering.pipelines.strength import settle_strength

WITH_STRENGTH = [
    name
    for name in list_pipeline_classes()
    if (signature := find_signature(name)) is not None and "strength" in signature.parameters
]
OF_A_PICTURE = [place for place in PLACES if place.task != "text-to-image"]


#: They shorten the steps in their call itself, where nothing but a job can ask them.
IN_THE_CALL = {"LatentConsistencyModelImg2ImgPipeline", "AmusedImg2ImgPipeline", "AmusedInpaintPipeline"}


@pytest.mark.parametrize("class_name", sorted(set(WITH_STRENGTH) - IN_THE_CALL))
def test_every_pipeline_takes_the_steps_that_are_counted(class_name: str) -> None:
    """At every strength in thousandths, by diffusers' own method: given the settled strength, it takes that many steps."""
    signature = find_signature(class_name)
    assert signature is not None
    pipeline_class = get_pipeline_class(class_name)
    stage = getattr(diffusers, _find_last_stage(class_name))
    devices = {"device": "cpu"} if "device" in inspect.signature(stage.get_timesteps).parameters else {}

    for total in (1, 2, 3, 4, 7, 10, 12, 25, 28, 30, 49, 50, 77, 100, 250, 333, 1000):
        scheduler = SimpleNamespace(timesteps=range(total), order=1, set_begin_index=lambda _index: None)
        pipeline = SimpleNamespace(scheduler=scheduler)
        for strength in (*(thousandth / 1000 for thousandth in range(1, 1001)), 1 / 3, 2 / 3, 0.9999):
            counted = count_denoising_steps(total, strength, signature.step_rounding)
            settled = settle_strength(pipeline_class, total, strength)
            _, taken = stage.get_timesteps(pipeline, total, settled, **devices)
            assert taken == counted, (total, strength)
            assert (settled == 1) == (strength == 1), (total, strength)


def _find_last_stage(class_name: str) -> str:
    """The class whose steps a strength shortens."""
    family = find_family(class_name)
    decoders = {} if family is None else family.decoders
    return next((decoder for decoder, joined in decoders.items() if joined == class_name), class_name)


def test_a_strength_stays_where_the_pipeline_agrees() -> None:
    """A strength that needs no help is passed on as it is, so that a job is what diffusers draws with it."""
    assert settle_strength(diffusers.StableDiffusionImg2ImgPipeline, 50, 0.6) == 0.6
    assert settle_strength(diffusers.FluxImg2ImgPipeline, 28, 0.6) == 0.6
    assert settle_strength(diffusers.StableDiffusionImg2ImgPipeline, 100, 0.29) != 0.29


@pytest.mark.parametrize(
    ("place", "total", "strength"),
    [
        pytest.param(place, 10, 0.55, marks=[] if place.family in SAMPLE else [pytest.mark.slow])
        for place in OF_A_PICTURE
        if place.family != "sd15-controlnet"
    ]
    + [(place, 100, 0.07) for place in OF_A_PICTURE if place.family in {"sd15", "sdxl", "flux-dev"}]
    + [(Place("sd15", "image-to-image"), 100, 0.29)],
    ids=str,
)
def test_a_job_takes_the_steps_that_it_counts(walk: Walk, place: Place, total: int, strength: float) -> None:
    """What the row says is what is drawn, in each family that starts from a picture."""
    published = walk.published(place)
    fields = {"num_inference_steps": total} | ({"strength": strength} if "strength" in published else {})
    resolved = walk.resolve(place, **fields)

    assert walk.draw(place, resolved).steps == resolved.steps
