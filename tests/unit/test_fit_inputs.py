"""How large a pipeline gets the pictures of a job, by its task and class."""

from __future__ import annotations

import pytest
from PIL import Image

from core.catalog import ClassFacts, Parameter, PipelineSignature, Task
from worker.rendering.images.fit_inputs import InputFit

RESULT = (256, 128)


def fit(task: Task, size: tuple[int, int], field: str = "image", *, takes_size: bool = True) -> tuple[int, int]:
    """The size that a picture gets for a result of 256 x 128."""
    sides = {name: Parameter("integer", None, name) for name in ("width", "height")} if takes_size else {}
    signature = PipelineSignature("AnyPipeline", sides, "all", ClassFacts(enlarges=4))
    return InputFit(task, RESULT, signature).fit(Image.new("RGB", size), field).size


@pytest.mark.parametrize("task", ["image-to-image", "inpainting"])
@pytest.mark.parametrize("size", [(256, 128), (100, 100), (1000, 10)])
def test_what_it_starts_from_is_as_large_as_the_result(task: Task, size: tuple[int, int]) -> None:
    """Whatever its proportions."""
    assert fit(task, size) == RESULT


@pytest.mark.parametrize("task", ["text-to-image", "outpaint", "edit", "variation"])
def test_a_control_image_is_as_large_as_the_result(task: Task) -> None:
    """With every task, and so is a mask."""
    assert fit(task, (100, 100), "control_image") == fit(task, (100, 100), "mask_image") == RESULT


@pytest.mark.parametrize("task", ["edit", "variation"])
@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((100, 100), (100, 100)),
        ((181, 181), (181, 181)),
        ((400, 400), (181, 181)),
        ((512, 256), (256, 128)),
        ((2000, 1000), (256, 128)),
        ((3000, 100), (1920, 64)),
        ((3000, 40), (3000, 40)),
    ],
)
def test_what_it_looks_at_keeps_its_proportions(task: Task, size: tuple[int, int], fitted: tuple[int, int]) -> None:
    """With at most about as many pixels as the result, and no side shortened below 64."""
    assert fit(task, size) == fitted


def test_an_edit_without_a_size_of_its_own_is_as_large_as_its_picture() -> None:
    """So that the picture has the size that the job promises; a variation only looks at it."""
    assert fit("edit", (2000, 1000), takes_size=False) == RESULT
    assert fit("variation", (100, 100), takes_size=False) == (100, 100)


@pytest.mark.parametrize("size", [(64, 32), (67, 35)])
def test_what_is_enlarged_is_a_part_of_the_result(size: tuple[int, int]) -> None:
    """A quarter of its sides; a continued picture is not resized at all."""
    assert fit("upscale", size) == (64, 32)
    assert fit("outpaint", size) == size
