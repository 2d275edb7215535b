"""An image that the model's safety checker withholds is no image: its job says so, and never returns a black one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from bench.tiny_families import FAMILIES
from core.catalog import Task
from tests.rendering.batching.company import draw_together
from tests.rendering.content_filters.checkers import noted_inputs, object_to
from tests.rendering.content_filters.conftest import CHECKED, LoadChecked
from tests.rendering.resuming import Case, build_drawing
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ContentFiltered, describe_failure
from worker.rendering.models import LoadedModel, Models
from worker.rendering.previews import PreviewMaker
from worker.rendering.render import RenderedImages, render_images

PLACES = [(family, task) for family in CHECKED for task in FAMILIES[family].tasks]


def build_case(family: str, task: Task = "text-to-image", seeds: tuple[int, ...] = (1, 2, 3), **changes: Any) -> Case:
    return Case(family, task, FAMILIES[family].default_scheduler, seeds, steps=3, changes=changes)


def draw(model: LoadedModel, case: Case) -> RenderedImages:
    return render_images(model, build_drawing(case), on_step=lambda _: None)


@pytest.mark.parametrize(("family", "task"), PLACES)
def test_one_of_three_is_withheld(load_checked: LoadChecked, family: str, task: Task) -> None:
    """In every task the job has the other images at their positions, bit for bit as without a finding, and a warning."""
    model, case = load_checked(family), build_case(family, task)
    with noted_inputs(model.pipeline.safety_checker) as inputs:
        free = draw(model, case)
    assert (len(free.images), free.filtered, free.warnings) == (3, [], [])

    object_to(model.pipeline.safety_checker, inputs, {1})
    rendered = draw(model, case)

    assert rendered.filtered == [1]
    assert rendered.by_position.keys() == {0, 2}
    for position, image in rendered.by_position.items():
        assert (np.asarray(image) == np.asarray(free.images[position])).all()
    assert rendered.warnings == ["the model's content filter withheld 1 of 3 images (content_filtered)"]


@pytest.mark.parametrize("count", [1, 2])
def test_a_job_without_an_image_left_fails(load_checked: LoadChecked, count: int) -> None:
    """It fails with a code of its own, which is the request's fault and is not tried again."""
    model, case = load_checked("sd15"), build_case("sd15", seeds=(1, 2)[:count])
    with noted_inputs(model.pipeline.safety_checker) as inputs:
        draw(model, case)
    object_to(model.pipeline.safety_checker, inputs, set(range(count)))

    with pytest.raises(ContentFiltered) as caught:
        draw(model, case)

    failure = describe_failure(caught.value)
    assert failure.code == "content_filtered"
    assert "withheld every image" in failure.message
    assert (failure.traits.fault, failure.traits.retryable, failure.traits.retried) == ("client", False, False)


def test_the_neighbours_have_their_pictures(load_checked: LoadChecked) -> None:
    """A job beside one that is withheld gets what it gets without a finding."""
    model = load_checked("sd15")
    cases = [build_case("sd15", seeds=(seed,), deterministic=False) for seed in (1, 2)]
    with noted_inputs(model.pipeline.safety_checker) as inputs:
        free = [draw(model, case).images[0] for case in cases]
    object_to(model.pipeline.safety_checker, inputs, {0})

    withheld, delivered = draw_together(model, cases)

    assert isinstance(withheld.error, ContentFiltered)
    assert withheld.pixels is None
    assert delivered.pixels is not None
    assert np.abs(delivered.pixels[0].astype(int) - np.asarray(free[1])).max() <= 1


def test_a_checked_job_has_no_previews(load_checked: LoadChecked) -> None:
    """They would show what the checker has not seen yet: nobody watches the job's scheduler."""
    model, watched = load_checked("sd15"), []
    maker = PreviewMaker(lambda *_: None)

    def watch(pipeline: Any) -> None:
        maker.watch(pipeline, UUID(int=1), width=64, height=64)
        watched.append("step" in vars(pipeline.scheduler))

    case = build_case("sd15")
    render_images(model, Drawing(case.request, case.seeds), on_step=lambda _: None, watch=watch)

    assert watched == [False]


def test_a_model_is_loaded_without_its_checker(load_checked: LoadChecked, checked_models: Models) -> None:
    """`safety_checker = false`: the same pictures, whatever the checker would object to, and none of its weights."""
    checked, unchecked, case = load_checked("sd15"), checked_models.load("unchecked"), build_case("sd15")
    free = draw(checked, case)

    rendered = draw(unchecked, case)

    assert unchecked.pipeline.safety_checker is None
    assert rendered.filtered == []
    for image, expected in zip(rendered.images, free.images, strict=True):
        assert (np.asarray(image) == np.asarray(expected)).all()
    assert any(name.startswith("safety_checker/") for name in checked.file_sha256)
    assert not any(name.startswith("safety_checker/") for name in unchecked.file_sha256)
