"""Pictures with names of their own in the pipeline: the list of a request has just so many, and each goes where it belongs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from bench.models_file import write_section
from core.catalog import Catalog, Task, find_signature, load_catalog
from core.catalog.families import Input
from core.errors import InvalidRequest
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request
from worker.rendering.images.fit_inputs import InputFit
from worker.rendering.images.outpainting import lay_out_first


def load(folder: Path, class_name: str, **fields: Any) -> Catalog:
    usual = {"max_width": 1024, "max_height": 1024} | fields
    (folder / "models.toml").write_text(write_section("one", "weights", pipeline=class_name, **usual))
    return load_catalog(folder / "models.toml")


@pytest.fixture
def example_painter(tmp_path: Path) -> Catalog:
    """Paint by Example: the picture, and an example of what is painted."""
    return load(tmp_path, "PaintByExamplePipeline", tasks=["inpainting", "outpaint"])


def resolve(catalog: Catalog, **fields: Any) -> ResolvedRequest:
    return resolve_request(
        RenderRequest(**fields), catalog=catalog, default_model="one", input_sizes={"image": (64, 64)}
    )


def refuse(catalog: Catalog, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, **fields)
    return {error.field: error.message for error in caught.value.errors}


def test_the_list_has_all_of_them(example_painter: Catalog) -> None:
    """In the job as they were given."""
    job = resolve(example_painter, image=["art_1", "art_2"], mask_image="art_3")
    assert job.parameters["image"] == ["art_1", "art_2"]
    assert "prompt" not in job.parameters


@pytest.mark.parametrize("image", ["art_1", ["art_1"]])
def test_fewer_are_refused(example_painter: Catalog, image: Any) -> None:
    """By the field, with the number: no pipeline is called without one of them."""
    refused = refuse(example_painter, image=image, mask_image="art_3")
    assert refused == {"image": "one takes a list of 2 pictures here for inpainting"}


def test_more_are_refused(example_painter: Catalog) -> None:
    """By the first that is too much."""
    refused = refuse(example_painter, image=["art_1", "art_2", "art_4"], mask_image="art_3")
    assert list(refused) == ["image.2"]


def test_the_schema_says_how_many(example_painter: Catalog) -> None:
    """A list of two, and nothing else."""
    schema = describe_parameters(example_painter, "one")["inpainting"]
    base = {"model": "one", "task": "inpainting", "mask_image": "art_3"}
    checker = jsonschema.Draft202012Validator(schema)
    assert checker.is_valid(base | {"image": ["art_1", "art_2"]})
    assert not any(checker.is_valid(base | {"image": image}) for image in ("art_1", ["art_1"], ["art_1"] * 3))


def fit(task: Task, place: str, size: tuple[int, int]) -> tuple[int, int]:
    signature = find_signature("PaintByExamplePipeline")
    assert signature is not None
    return InputFit(task, (256, 128), signature).fit(Image.new("RGB", size), place).size


@pytest.mark.parametrize("task", ["inpainting", "outpaint"])
def test_those_after_the_first_are_looked_at(task: Task) -> None:
    """So they keep their proportions, with at most about as many pixels as the result."""
    assert fit(task, "image.1", (100, 50)) == (100, 50)
    assert fit(task, "image.1", (400, 400)) == (181, 181)
    assert fit(task, "image.0", (100, 50)) == ((256, 128) if task == "inpainting" else (100, 50))


def test_the_first_is_continued() -> None:
    """Its example stays as it is."""
    picture, example = Image.new("RGB", (8, 4), "red"), Image.new("RGB", (6, 6), "blue")
    expand = {"left": 0, "top": 0, "right": 8, "bottom": 0}
    both: dict[str, Any] = {**lay_out_first([picture, example], expand)}
    alone: dict[str, Any] = {**lay_out_first(picture, expand)}

    assert [each.size for each in both["image"]] == [(16, 4), (6, 6)]
    assert both["mask_image"].size == alone["mask_image"].size == alone["image"].size == (16, 4)


@pytest.mark.parametrize(
    "own", [{"arguments": ["image"]}, {"arguments": ["a", "b"], "most": 3}, {"arguments": ["a", "b"], "argument": "c"}]
)
def test_the_table_names_all_or_one(own: dict[str, Any]) -> None:
    """Two or more names, and then no other way of several pictures."""
    with pytest.raises(ValueError, match="arguments"):
        Input(**own)
