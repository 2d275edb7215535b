"""What becomes of a request: a model's own defaults, and a refusal of everything that the model does not have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from core.catalog import Catalog, HubSource, load_catalog
from core.catalog.lock import Lock, LockedFile, LockedSource, write_lock
from core.errors import InvalidRequest
from core.jobs.request.parameter_schema import describe_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request
from tests.conftest import REPOSITORY

#: LoRAs of one of the shipped models; the last one is still to be fetched.
LORAS = """
[loras.ink]
source = "loras/ink.safetensors"
models = ["sd15"]
licence = "CC0-1.0"
commercial_use = true
description = "Drawn with a pen."
default_scale = 0.8
trigger_words = "ink drawing"
[loras.wash]
source = { hub = "owner/washes", file = "wash.safetensors" }
models = ["sd15", "sd15-edges"]
licence = "CC0-1.0"
commercial_use = false
[loras.far]
source = { hub = "owner/washes", file = "far.safetensors" }
models = ["sd15"]
licence = "CC0-1.0"
commercial_use = true
"""

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """The shipped models, as if all of them had been fetched, and one with a ControlNet."""
    text = (REPOSITORY / "models.toml").read_text()
    start = text.index("[models.sd15]")
    section = text[start : text.index("[models.sdxl]")]
    controlled = section.replace("[models.sd15]", "[models.sd15-edges]\ncontrolnet = { hub = 'owner/edges' }")
    file = tmp_path / "models.toml"
    file.write_text(text.replace('"demo_model/', f'"{REPOSITORY}/demo_model/') + controlled + LORAS)
    catalog = load_catalog(file)
    sources = [source for entry in catalog.models.values() for source in entry.sources.values()]
    locked = LockedSource(
        revision=COMMIT,
        files={"config.json": LockedFile(byte_size=1, sha256="0" * 64)},
        fetched_at=datetime.now(UTC),
    )
    lock = Lock(sources={source.key: locked for source in sources if isinstance(source, HubSource)})
    wash = locked.model_copy(update={"files": {"wash.safetensors": LockedFile(byte_size=1, sha256="0" * 64)}})
    lock = lock.model_copy(update={"sources": {**lock.sources, "owner/washes@main#wash.safetensors": wash}})
    write_lock(catalog.lock_path, lock)
    return catalog


def resolve(catalog: Catalog, model: str, **fields: Any) -> ResolvedRequest:
    sizes = fields.pop("input_sizes", {})
    request = RenderRequest(**{"prompt": "a red mug", **fields})
    return resolve_request(request, catalog=catalog, default_model=model, input_sizes=sizes)


def refuse(catalog: Catalog, model: str, **fields: Any) -> str:
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, model, **fields)
    return caught.value.message


@pytest.mark.parametrize(
    ("model", "expected", "absent"),
    [
        ("sd15", {"guidance_scale": 7.5, "negative_prompt": ""}, {"true_cfg_scale", "prompt_2", "strength"}),
        ("sdxl-turbo", {"guidance_scale": 0.0, "num_inference_steps": 4}, {"max_sequence_length"}),
        ("sd3.5-medium", {"guidance_scale": 4.5, "max_sequence_length": 256}, {"clip_skip"}),
        ("flux.1-schnell", {"guidance_scale": 0.0, "max_sequence_length": 256}, {"negative_prompt", "true_cfg_scale"}),
        ("flux.1-dev", {"guidance_scale": 3.5, "true_cfg_scale": 1.0}, {"eta"}),
        ("flux.2-klein", {"guidance_scale": 1.0}, {"negative_prompt", "true_cfg_scale"}),
        ("z-image-turbo", {"guidance_scale": 0.0}, {"true_cfg_scale", "cfg_normalization"}),
        ("qwen-image", {"true_cfg_scale": 4.0, "negative_prompt": " ", "width": 1328}, {"guidance_scale"}),
    ],
)
def test_a_row_holds_what_the_model_has(
    catalog: Catalog, model: str, expected: dict[str, Any], absent: set[str]
) -> None:
    """Each model's defaults are filled in under its own names, and nothing that its pipeline would not take."""
    resolved = resolve(catalog, model)

    assert expected.items() <= resolved.parameters.items()
    assert not absent & set(resolved.parameters)
    assert (resolved.task, resolved.model_revision, resolved.warnings) == ("text-to-image", COMMIT, [])


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        ("flux.1-schnell", {"negative_prompt": "blue"}, "negative_prompt: flux.1-schnell has no such parameter"),
        ("flux.2-klein", {"guidance_scale": 4.0}, "guidance_scale: flux.2-klein has no such parameter"),
        ("sd15", {"true_cfg_scale": 4.0}, "true_cfg_scale: sd15 has no such parameter"),
        ("sd15", {"prompt_2": "a mug"}, "prompt_2: sd15 has no such parameter"),
        ("qwen-image", {"clip_skip": 1}, "clip_skip: qwen-image has no such parameter"),
        ("sd15", {"gidance_rescale": 0.7}, "gidance_rescale: .*; did you mean guidance_rescale?"),
        ("sd15", {"step": 3}, "step: sd15 has no such parameter"),
        ("sd15", {"colour": None}, "colour: sd15 has no such parameter"),
        ("sd15", {"guidance_rescale": 1.5}, "guidance_rescale: .*less than or equal to 1"),
        ("sd15", {"guidance_rescale": "1"}, "guidance_rescale: .*number"),
        ("sd15", {"guidance_rescale": float("nan")}, "guidance_rescale: .*finite"),
        ("sd15", {"eta": True}, "eta: .*number"),
        ("sdxl", {"negative_prompt_2": "null \0"}, "negative_prompt_2: holds a control character, U\\+0000"),
        ("z-image-turbo", {"cfg_normalization": 1}, "cfg_normalization: .*boolean"),
        ("sd15", {"steps": 3, "num_inference_steps": 4}, "steps: given twice: .*num_inference_steps"),
        ("sd15", {"generator": 1}, "generator: sd15 has no such parameter"),
        ("sd15", {"callback_on_step_end": "x"}, "callback_on_step_end: sd15 has no such parameter"),
        ("sd15", {"cross_attention_kwargs": {"scale": 1}}, "cross_attention_kwargs: sd15 has no such parameter"),
        ("sd15", {"sigmas": [1.0]}, "sigmas: sd15 has no such parameter"),
        ("sd15", {"strength": 0.5}, "strength: needs `image`"),
        ("sd15", {"mask_image": "art_1"}, "mask_image: needs `image`"),
        ("sdxl-turbo", {"image": "art_1", "mask_image": "art_2"}, "mask_image: sdxl-turbo has no inpainting"),
        ("sd15", {"control_image": "art_1"}, "control_image: sd15 has no ControlNet"),
        ("sd15-edges", {"controlnet_conditioning_scale": 0.5}, "controlnet_conditioning_scale: needs `control_image`"),
        ("sd15-edges", {"guess_mode": True}, "guess_mode: needs `control_image`"),
        ("sd15-edges", {"control_image": "art_1", "guidance_rescale": 0.5}, "guidance_rescale: .* no such parameter"),
        ("flux.2-klein", {"image": "art_1", "strength": 0.5}, "strength: flux.2-klein has no such parameter for edit"),
        ("sd15", {"image": "art_1", "num_inference_steps": 1, "strength": 0.5}, "strength: leaves no step"),
        ("flux.1-dev", {"width": 1000}, "width: this model needs a multiple of 16"),
        ("flux.1-dev", {"width": 4096}, "width: this model allows at most 2048"),
        ("sd15", {"scheduler": "flow_match_euler"}, "scheduler: this model has ddim"),
        ("sdxl", {"loras": [{"id": "ink"}]}, r"loras\.0\.id: sdxl has no LoRAs"),
        ("sd15", {"loras": [{"id": "ink"}, {"id": "x"}]}, r"loras\.1\.id: sd15 has no LoRA 'x'; it has ink, wash, far"),
        ("sd15", {"loras": [{"id": "ink"}, {"id": "ink", "scale": 2.0}]}, r"loras\.1\.id: ink is named twice"),
        ("sd15", {"loras": [{"id": "far"}]}, r"loras\.0\.id: .*darkroom-models fetch far"),
    ],
)
def test_what_the_model_lacks_is_refused(catalog: Catalog, model: str, fields: dict[str, Any], message: str) -> None:
    """The field is named, with the reason, and with the name that was perhaps meant."""
    assert_matches(message, refuse(catalog, model, **fields))


def assert_matches(pattern: str, text: str) -> None:
    with pytest.raises(AssertionError, match=pattern):
        raise AssertionError(text)


def test_parameters_without_a_field_go_by_their_name(catalog: Catalog) -> None:
    """Numbers, texts and switches of the pipeline are taken as they are, and stand in the row; null is the default."""
    row = resolve(catalog, "sd15", guidance_rescale=0.7, eta=1, clip_skip=None).parameters
    assert (row["guidance_rescale"], row["eta"]) == (0.7, 1.0)
    assert resolve(catalog, "z-image-turbo", cfg_normalization=True).parameters["cfg_normalization"] is True
    assert resolve(catalog, "sdxl", negative_prompt_2="e\u0301").parameters["negative_prompt_2"] == "\u00e9"
    assert "guidance_rescale" not in resolve(catalog, "sd15", guidance_rescale=None).parameters


@pytest.mark.parametrize(
    ("fields", "task", "strength"),
    [
        ({}, "text-to-image", None),
        ({"image": "art_1"}, "image-to-image", 0.8),
        ({"image": "art_1", "strength": 0.3}, "image-to-image", 0.3),
        ({"image": "art_1", "mask_image": "art_2"}, "inpainting", 1.0),
        ({"init_image": "art_1", "mask": "art_2"}, "inpainting", 1.0),
    ],
)
def test_the_pictures_make_the_task(
    catalog: Catalog, fields: dict[str, Any], task: str, strength: float | None
) -> None:
    """Which task it is follows from the pictures, and the task's own pipeline gives the strength."""
    resolved = resolve(catalog, "sd15", **fields)

    assert (resolved.task, resolved.parameters.get("strength")) == (task, strength)


def test_a_control_image_brings_the_controlnets_parameters(catalog: Catalog) -> None:
    """With a control image, the ControlNet's own parameters are there, by field or by name."""
    row = resolve(catalog, "sd15-edges", control_image="art_1", control_guidance_end=0.5).parameters

    assert (row["control_image"], row["controlnet_conditioning_scale"], row["control_guidance_end"]) == (
        "art_1",
        1.0,
        0.5,
    )
    assert "control_image" not in resolve(catalog, "sd15-edges").parameters


def test_a_picture_is_as_large_as_its_input(catalog: Catalog) -> None:
    """Without a size, an input's own counts: brought into the model's limits, in the model's steps."""
    row = resolve(catalog, "flux.1-dev", image="art_1", input_sizes={"image": (3000, 1010)}).parameters
    assert (row["width"], row["height"]) == (2048, 688)


def test_a_parameter_without_effect_is_a_warning(catalog: Catalog) -> None:
    """A negative prompt works through guidance: which one, and from where on, the family says."""
    assert resolve(catalog, "sd15", negative_prompt="blue").warnings == []
    assert "guidance_scale of 1" in resolve(catalog, "sd15", negative_prompt="blue", guidance_scale=1).warnings[0]
    assert "true_cfg_scale of 1" in resolve(catalog, "flux.1-dev", negative_prompt="blue").warnings[0]
    assert resolve(catalog, "flux.1-dev", negative_prompt="blue", true_cfg_scale=2).warnings == []
    assert "without a negative_prompt" in resolve(catalog, "flux.1-dev", true_cfg_scale=2).warnings[0]
    assert "guidance_scale of 0" in resolve(catalog, "z-image-turbo", negative_prompt="blue").warnings[0]
    assert resolve(catalog, "z-image-turbo", negative_prompt="blue", guidance_scale=0.5).warnings == []


def test_an_unfetched_model_says_what_to_run(tmp_path: Path) -> None:
    """A job for a model whose weights are not there is refused at once, with the command that brings them."""
    nothing_fetched = load_catalog(REPOSITORY / "models.toml").model_copy(
        update={"lock_path": tmp_path / "models.lock"}
    )
    message = refuse(nothing_fetched, "flux.1-dev")

    assert "model: " in message
    assert "darkroom-models fetch flux.1-dev" in message


def test_the_published_schema_says_what_is_accepted(catalog: Catalog) -> None:
    """For every model and task: the schema is valid, a minimal request fits it and resolves, and so do its defaults."""
    for model_id, entry in catalog.models.items():
        schemas = describe_parameters(catalog, model_id)
        assert set(schemas) == set(entry.tasks)
        for task, schema in schemas.items():
            jsonschema.Draft202012Validator.check_schema(schema)
            values = {"prompt": "a red mug", "task": task, "expand": {"left": 64}}
            body = {"model": model_id, **{name: values.get(name, "art_1") for name in schema["required"]}}
            defaults = {
                name: each["default"]
                for name, each in schema["properties"].items()
                if "default" in each and "Needs `control_image`" not in each.get("description", "")
            }
            for request in (body, body | defaults):
                jsonschema.validate(request, schema)
                resolved = resolve_request(RenderRequest(**request), catalog=catalog, default_model="picturebook")
                assert resolved.task == task
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(body | {"colour": "red"}, schema)


def test_the_schema_leaves_out_what_is_refused(catalog: Catalog) -> None:
    """What resolve_request refuses is not in the schema, and the limits are the model's."""
    properties = describe_parameters(catalog, "flux.1-schnell")["text-to-image"]["properties"]

    assert not {"negative_prompt", "guidance_scale", "strength", "image", "control_image"} & set(properties)
    assert properties["width"].items() >= {"default": 1024, "maximum": 2048, "multipleOf": 16}.items()
    assert properties["scheduler"]["enum"] == ["flow_match_euler"]
    edges = describe_parameters(catalog, "sd15-edges")["text-to-image"]["properties"]
    assert edges["controlnet_conditioning_scale"]["default"] == 1.0
    assert edges["control_image"]["type"] == "string"
    assert edges["guidance_rescale"] == {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.0,
        "description": "`guidance_rescale` of diffusers' StableDiffusionPipeline.",
    }


def test_loras_are_settled(catalog: Catalog) -> None:
    """The row holds id and scale of each, in the request's order; a scale that was left out is the LoRA's own."""
    row = resolve(catalog, "sd15", loras=[{"id": "wash", "scale": 0.25}, {"id": "ink"}]).parameters

    assert row["loras"] == [{"id": "wash", "scale": 0.25}, {"id": "ink", "scale": 0.8}]
    assert "loras" not in resolve(catalog, "sd15").parameters


def test_a_model_lists_its_loras(catalog: Catalog) -> None:
    """The schema takes the LoRAs that were made for the model and are here, says what they do, and nothing else."""
    schema = describe_parameters(catalog, "sd15")["text-to-image"]
    choices = schema["properties"]["loras"]["items"]["oneOf"]

    assert [choice["properties"]["id"]["const"] for choice in choices] == ["ink", "wash"]
    assert choices[0]["properties"]["scale"]["default"] == 0.8
    assert "Drawn with a pen. Trigger words: ink drawing." in choices[0]["description"]
    jsonschema.validate({"prompt": "a mug", "loras": [{"id": "ink"}, {"id": "wash", "scale": -1}]}, schema)
    for wrong in ([{"id": "far"}], [{"id": "ink", "scale": 5}], [{"scale": 1}]):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"prompt": "a mug", "loras": wrong}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {"prompt": "a mug", "loras": [{"id": "ink"}]}, describe_parameters(catalog, "sdxl")["text-to-image"]
        )
