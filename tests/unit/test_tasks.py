"""Tasks by name, and what each makes of its pictures: which fields it needs, how large the result is, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bench.models_file import write_section
from core.catalog import Catalog, load_catalog
from core.errors import InvalidCatalog, InvalidRequest
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request

TASKS = ["text-to-image", "image-to-image", "inpainting", "outpaint", "edit", "variation", "upscale"]
PICTURE: dict[str, Any] = {"image": "art_1"}
MASK: dict[str, Any] = {"mask_image": "art_2"}
EXPAND: dict[str, Any] = {"expand": {"right": 16}}

pytestmark = pytest.mark.usefixtures("every_kind")


def load(folder: Path, class_name: str, **fields: Any) -> Catalog:
    """One model of the class, `one`, with a largest side of 1024 pixels."""
    usual = {"tasks": TASKS, "max_width": 1024, "max_height": 1024} | fields
    (folder / "models.toml").write_text(write_section("one", "weights", pipeline=class_name, **usual))
    return load_catalog(folder / "models.toml")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return load(tmp_path, "PlainPipeline", controlnet="edges")


def resolve(catalog: Catalog, size: tuple[int, int] | None = None, **fields: Any) -> ResolvedRequest:
    sizes = {} if size is None else {"image": size}
    request = RenderRequest(**({"prompt": "a mug"} | fields))
    return resolve_request(request, catalog=catalog, default_model="one", input_sizes=sizes)


def refuse(catalog: Catalog, size: tuple[int, int] | None = None, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, size, **fields)
    return {error.field: error.message for error in caught.value.errors}


@pytest.mark.parametrize(
    ("fields", "task"),
    [
        ({}, "text-to-image"),
        ({"task": "text-to-image"}, "text-to-image"),
        (PICTURE, "image-to-image"),
        (PICTURE | {"task": "edit"}, "edit"),
        (PICTURE | {"task": "upscale"}, "upscale"),
        (PICTURE | {"task": "variation", "prompt": None}, "variation"),
        (PICTURE | MASK, "inpainting"),
        (PICTURE | EXPAND, "outpaint"),
        (PICTURE | EXPAND | {"task": "outpaint"}, "outpaint"),
    ],
)
def test_a_task_is_named_or_follows_from_the_pictures(catalog: Catalog, fields: dict[str, Any], task: str) -> None:
    """Left out, it is the model's first task that takes just the fields given."""
    assert resolve(catalog, **fields).task == task


def test_the_models_order_decides(tmp_path: Path) -> None:
    """Of two tasks that take the same pictures, the one that the model lists first."""
    catalog = load(tmp_path, "PlainPipeline", tasks=["edit", "image-to-image"])

    assert resolve(catalog, **PICTURE).task == "edit"
    assert "task" not in describe_parameters(catalog, "one")["edit"]["required"]
    assert "task" in describe_parameters(catalog, "one")["image-to-image"]["required"]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"task": "edit"}, {"image": "is needed for edit"}),
        ({"task": "inpainting"}, {"image": "is needed for inpainting", "mask_image": "is needed for inpainting"}),
        (PICTURE | {"task": "inpainting"}, {"mask_image": "is needed for inpainting"}),
        (PICTURE | {"task": "outpaint"}, {"expand": "is needed for outpaint"}),
        (PICTURE | {"task": "text-to-image"}, {"image": "is not for text-to-image"}),
        (PICTURE | MASK | {"task": "edit"}, {"mask_image": "is not for edit"}),
        (PICTURE | MASK | EXPAND | {"task": "outpaint"}, {"mask_image": "is not for outpaint"}),
        (
            PICTURE | MASK | EXPAND,
            {"expand": "does not go with `mask_image`: it makes a mask of its own"},
        ),
        (EXPAND, {"expand": "needs `image`, the picture that it continues"}),
        (MASK, {"mask_image": "needs `image`, the picture that it masks"}),
    ],
)
def test_the_pictures_of_a_task_have_to_be_there(
    catalog: Catalog, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    """Each field that is missing or too much is named."""
    assert refuse(catalog, **fields) == errors


def test_a_task_that_the_model_lacks_is_refused(tmp_path: Path) -> None:
    """By its name, or by the field that leads to it; the message lists those that there are."""
    catalog = load(tmp_path, "PlainPipeline", tasks=["text-to-image", "image-to-image"])

    assert refuse(catalog, task="upscale", **PICTURE) == {
        "task": "one has no upscale; it has text-to-image, image-to-image"
    }
    assert refuse(catalog, **PICTURE, **EXPAND) == {
        "expand": "one has no outpaint; it has text-to-image, image-to-image"
    }
    only_edits = load(tmp_path, "PlainPipeline", tasks=["edit"])
    assert refuse(only_edits) == {"image": "is needed: one has no text-to-image; it has edit"}


def test_a_prompt_is_required_where_it_is_read(catalog: Catalog) -> None:
    """Missing or blank it is refused, unless the class does without: then it is empty, or has no place at all."""
    assert refuse(catalog, prompt=None) == {"prompt": "is required"}
    assert refuse(catalog, prompt=" \u200b") == {"prompt": "must not be blank"}
    edit = resolve(catalog, task="edit", prompt=None, **PICTURE).parameters
    assert edit["prompt"] == ""
    assert resolve(catalog, task="edit", prompt="", **PICTURE).parameters["prompt"] == ""
    assert "prompt" not in resolve(catalog, task="variation", prompt=None, **PICTURE).parameters
    assert refuse(catalog, task="variation", **PICTURE) == {"prompt": "one has no such parameter for variation"}


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_pictures_is_taken_as_far_as_the_class_takes_one(catalog: Catalog, count: int) -> None:
    """The row holds a list of several; a list of one is that one."""
    pictures = [f"art_{number}" for number in range(count)]

    row = resolve(catalog, task="edit", image=pictures).parameters

    assert row["image"] == (pictures if count > 1 else "art_0")
    assert resolve(catalog, control_image=["art_1", "art_2"]).parameters["control_image"] == ["art_1", "art_2"]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"task": "edit", "image": ["a", "b", "c", "d"]}, "image.3", "one takes at most 3 pictures here for edit"),
        ({"image": ["a", "b"]}, "image.1", "one takes at most one picture here for image-to-image"),
        ({"control_image": ["a", "b", "c"]}, "control_image.2", "one takes at most 2 pictures here for text-to-image"),
    ],
)
def test_one_picture_too_many_is_named(catalog: Catalog, fields: dict[str, Any], field: str, message: str) -> None:
    """By its place in the list."""
    assert refuse(catalog, **fields) == {field: message}


def test_a_class_that_has_no_other_needs_its_control_image(tmp_path: Path) -> None:
    """FLUX.1 Depth and its like: their signature has a default, but they cannot draw without the image."""
    catalog = load(tmp_path, "GuidedByPicturePipeline", tasks=["text-to-image"])

    assert refuse(catalog) == {"control_image": "one draws by a control image: send one"}
    assert resolve(catalog, control_image="art_1").parameters["control_image"] == "art_1"
    assert "control_image" in describe_parameters(catalog, "one")["text-to-image"]["required"]


@pytest.mark.parametrize("size", [(64, 48), (70, 50)])
def test_an_edit_is_as_large_as_its_picture_or_as_named(catalog: Catalog, size: tuple[int, int]) -> None:
    """As with image-to-image: the first picture's size in the model's steps, unless the request names another."""
    row = resolve(catalog, size, task="edit", **PICTURE).parameters
    assert (row["width"], row["height"]) == (64, 48)
    row = resolve(catalog, size, task="edit", width=128, height=32, **PICTURE).parameters
    assert (row["width"], row["height"]) == (128, 32)


def test_an_enlarged_picture_decides_the_size(catalog: Catalog) -> None:
    """Four times its sides, rounded down to multiples of four; it costs what the result does."""
    resolved = resolve(catalog, (70, 64), task="upscale", steps=10, **PICTURE)

    assert (resolved.parameters["width"], resolved.parameters["height"]) == (272, 256)
    assert resolved.warnings == ["image is made 68 x 64 before it is enlarged"]
    assert resolved.cost == pytest.approx(272 * 256 * 10 / 1e6)
    shown = {"width": 272, "height": 256}
    assert resolve(catalog, (70, 64), task="upscale", **shown, **PICTURE).parameters["width"] == 272
    assert refuse(catalog, (70, 64), task="upscale", width=256, **PICTURE) == {
        "width": "is 272: it follows from `image`, which is enlarged 4 times, so leave it out"
    }
    assert refuse(catalog, (3, 64), task="upscale", **PICTURE)["image"].endswith("enlarges at least 4 x 4")
    assert refuse(catalog, (260, 64), task="upscale", **PICTURE)["image"].endswith(
        "enlarges at most 256 x 256 to 4 times that"
    )
    assert resolve(catalog, (256, 256), task="upscale", **PICTURE).parameters["height"] == 1024


def test_a_map_is_as_large_as_its_picture(tmp_path: Path) -> None:
    """Or as named; it has no prompt."""
    catalog = load(tmp_path, "MappingPipeline", tasks=["map"])

    resolved = resolve(catalog, (70, 50), prompt=None, **PICTURE)

    assert (resolved.task, resolved.parameters["width"], resolved.parameters["height"]) == ("map", 72, 48)
    assert resolve(catalog, (70, 50), prompt=None, width=35 * 8, **PICTURE).parameters["height"] == 200
    assert refuse(catalog, prompt=None) == {"image": "is needed: one has no text-to-image; it has map"}
    assert refuse(catalog, **PICTURE) == {"prompt": "one has no such parameter for map"}


def test_the_steps_of_all_stages_count(tmp_path: Path) -> None:
    """The row has each; their sum is the job's steps and its cost, and each has the model's limit."""
    catalog = load(tmp_path, "StagedPipeline", tasks=["text-to-image"], default_steps=10, max_steps=30)

    usual = resolve(catalog)
    given = resolve(catalog, steps=4, prior_num_inference_steps=6)

    assert usual.parameters["prior_num_inference_steps"] == 25
    assert (usual.steps, given.steps) == (35, 10)
    assert given.cost == pytest.approx(64 * 64 * 10 / 1e6)
    assert refuse(catalog, prior_num_inference_steps=31) == {
        "prior_num_inference_steps": "this model allows at most 30"
    }
    assert refuse(catalog, prior_num_inference_steps=0) == {"prior_num_inference_steps": "this model needs at least 1"}
    schema = describe_parameters(catalog, "one")["text-to-image"]["properties"]["prior_num_inference_steps"]
    assert schema.items() >= {"minimum": 1, "maximum": 30, "default": 25}.items()


def test_stages_with_names_of_their_own_are_named(tmp_path: Path) -> None:
    """num_inference_steps means none of them, and is refused with their names."""
    catalog = load(tmp_path, "OtherStagesPipeline", tasks=["text-to-image"], max_steps=50)

    assert resolve(catalog).steps == 55
    assert "num_inference_steps" not in resolve(catalog).parameters
    assert "num_inference_steps" not in describe_parameters(catalog, "one")["text-to-image"]["properties"]
    assert refuse(catalog, steps=3) == {
        "num_inference_steps": "the stages have numbers of their own: "
        "prior_num_inference_steps, decoder_num_inference_steps"
    }


def test_a_class_of_one_size_costs_what_it_draws(tmp_path: Path) -> None:
    """Also for a small picture; and a model whose limits are below that is no model of it."""
    catalog = load(tmp_path, "OneSizePipeline", tasks=["text-to-image"])

    assert resolve(catalog, steps=2, num_images=2).cost == pytest.approx(1_048_576 * 2 * 2 / 1e6)
    with pytest.raises(InvalidCatalog, match=r"models\.one\.max_width: OneSizePipeline draws 1,048,576 pixels"):
        load(tmp_path, "OneSizePipeline", tasks=["text-to-image"], max_width=512)


def test_a_class_that_draws_one_image_takes_no_more(catalog: Catalog) -> None:
    """As it was measured, whatever the model's section says; its schema says so too."""
    variation = {"task": "variation", "prompt": None, **PICTURE}

    assert resolve(catalog, **variation).parameters["num_images"] == 1
    assert refuse(catalog, num_images=2, **variation) == {"num_images": "this model allows at most 1"}
    assert describe_parameters(catalog, "one")["variation"]["properties"]["num_images"]["maximum"] == 1
    assert resolve(catalog, num_images=4).parameters["num_images"] == 4


def test_every_tasks_schema_is_what_is_accepted(catalog: Catalog) -> None:
    """A request of just what it requires fits it and resolves to its task; lists are as long as the class takes them."""
    values: dict[str, Any] = {"prompt": "a mug", "image": "art_1", "mask_image": "art_2", "expand": {"left": 16}}
    schemas = describe_parameters(catalog, "one")
    assert list(schemas) == TASKS
    for task, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        body = {name: {**values, "task": task}[name] for name in schema["required"]}
        jsonschema.validate(body, schema)
        resolved = resolve_request(RenderRequest(**body), catalog=catalog, default_model="one")
        assert resolved.task == task
    edit, plain = schemas["edit"], schemas["image-to-image"]
    jsonschema.validate({"task": "edit", "image": ["a", "b", "c"]}, edit)
    too_many: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (edit, {"image": ["a"] * 4}),
        (plain, {"prompt": "a", "image": ["a", "b"]}),
    ]
    for schema, body in too_many:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"task": schema["properties"]["task"]["const"], **body}, schema)
    assert "prompt" not in schemas["variation"]["properties"]
    assert [task for task, schema in schemas.items() if "expand" in schema["properties"]] == ["outpaint"]
    assert "default" not in schemas["upscale"]["properties"]["width"]
