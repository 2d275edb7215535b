"""What a request says of a model's ControlNets, IP-Adapter and textual inversions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.models_file import write_section
from core.catalog import Catalog, load_catalog
from core.errors import InvalidRequest
from core.jobs.request.parameter_schema import describe_fields, describe_parameters
from core.jobs.request.parameters import find_parameters
from core.jobs.request.render_request import RenderRequest
from core.jobs.request.resolve_request import ResolvedRequest, resolve_request

SD = "StableDiffusionPipeline"
ONE, TWO, THREE = (f"art_{digit * 32}" for digit in "123")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A model with three ControlNets, one with one, one with an IP-Adapter and two words of its own, and one with nothing."""
    sections: dict[str, dict[str, Any]] = {
        "three": {"controlnet": {"edges": "a", "depth": "b", "pose": "c"}},
        "one": {"controlnet": "a"},
        "looking": {
            "ip_adapter": {"file": "a.safetensors", "image_encoder": "b"},
            "textual_inversions": {"<cat>": "a.safetensors", "inkstyle": "b.safetensors"},
        },
        "plain": {},
    }
    (tmp_path / "models.toml").write_text(
        "".join(write_section(name, "x", pipeline=SD, **fields) for name, fields in sections.items())
    )
    return load_catalog(tmp_path / "models.toml")


def resolve(catalog: Catalog, model: str, **fields: Any) -> ResolvedRequest:
    return resolve_request(RenderRequest(prompt="a mug", model=model, **fields), catalog=catalog, default_model="plain")


def refuse(catalog: Catalog, model: str, **fields: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, model, **fields)
    return {error.field: error.message for error in caught.value.errors}


@pytest.mark.parametrize(
    ("fields", "settled"),
    [
        (
            {"control_image": [ONE, TWO, THREE]},
            {"controlnets": ["edges", "depth", "pose"], "controlnet_conditioning_scale": 1.0},
        ),
        ({"control_image": ONE, "controlnets": ["pose"]}, {"controlnets": ["pose"], "control_image": ONE}),
        (
            {
                "control_image": [ONE, TWO],
                "controlnets": ["pose", "edges"],
                "controlnet_conditioning_scale": [0.5, 1.0],
            },
            {"controlnets": ["pose", "edges"], "controlnet_conditioning_scale": [0.5, 1.0]},
        ),
        (
            {"control_image": [ONE, TWO], "controlnets": ["pose", "edges"], "control_guidance_end": [0.5, 1.0]},
            {"control_guidance_end": [0.5, 1.0]},
        ),
        (
            {"control_image": [ONE], "controlnets": ["edges"], "controlnet_conditioning_scale": [0.5]},
            {"control_image": ONE, "controlnet_conditioning_scale": 0.5},
        ),
    ],
)
def test_controlnets_are_settled(catalog: Catalog, fields: dict[str, Any], settled: dict[str, Any]) -> None:
    """The job's row has the names, in the order of the pictures, so that it can be drawn again."""
    assert settled.items() <= resolve(catalog, "three", **fields).parameters.items()


@pytest.mark.parametrize(
    ("model", "fields", "errors"),
    [
        (
            "three",
            {"control_image": [ONE, TWO]},
            {"controlnets": "is needed to use 2 of the model's 3 ControlNets: edges, depth, pose"},
        ),
        (
            "three",
            {"control_image": ONE, "controlnets": ["hands"]},
            {"controlnets.0": "the model has no ControlNet 'hands'"},
        ),
        (
            "three",
            {"control_image": [ONE, TWO], "controlnets": ["pose", "pose"]},
            {"controlnets.1": "pose is named twice"},
        ),
        (
            "three",
            {"control_image": ONE, "controlnets": ["pose", "edges"]},
            {"control_image": "holds 1 pictures for 2 ControlNets"},
        ),
        ("three", {"controlnets": ["pose"]}, {"controlnets": "needs `control_image`"}),
        (
            "three",
            {
                "control_image": [ONE, TWO],
                "controlnets": ["pose", "edges"],
                "controlnet_conditioning_scale": [1.0, 1.0, 1.0],
            },
            {"controlnet_conditioning_scale": "holds 3 numbers for 2 control images"},
        ),
        (
            "three",
            {"control_image": [ONE, TWO], "controlnets": ["pose", "edges"], "control_guidance_start": [0.0, 0.1, 0.2]},
            {"control_guidance_start": "holds 3 numbers for 2 control images"},
        ),
        (
            "three",
            {
                "control_image": [ONE, TWO],
                "controlnets": ["pose", "edges"],
                "control_guidance_start": [0.0, 0.6],
                "control_guidance_end": 0.5,
            },
            {"control_guidance_end": "the control has to end after its start, and this is from 0.6 to 0.5"},
        ),
        (
            "three",
            {"control_image": [ONE] * 4},
            {"control_image.3": "three takes at most 3 pictures here for text-to-image"},
        ),
        ("one", {"control_image": ONE, "controlnets": ["edges"]}, {"controlnets": "one has no such parameter"}),
        (
            "one",
            {"control_image": ONE, "controlnet_conditioning_scale": [1.0, 1.0]},
            {"controlnet_conditioning_scale": "must be one number"},
        ),
        (
            "one",
            {"control_image": ONE, "control_guidance_end": [1.0, 1.0]},
            {"control_guidance_end": "Input should be a valid number"},
        ),
        ("plain", {"ip_adapter_image": ONE}, {"ip_adapter_image": "plain has no such parameter"}),
        ("looking", {"ip_adapter_scale": 0.5}, {"ip_adapter_scale": "needs `ip_adapter_image`"}),
        ("looking", {"ip_adapter_image": [ONE] * 5}, {"ip_adapter_image.4": "looking takes at most 4 pictures"}),
    ],
)
def test_what_does_not_fit_is_named(
    catalog: Catalog, model: str, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    """With the field, and the place in it."""
    found = refuse(catalog, model, **fields)

    assert list(found) == list(errors)
    for field, beginning in errors.items():
        assert found[field].startswith(beginning)


def test_a_scale_goes_with_a_picture(catalog: Catalog) -> None:
    """A job has it only with one; at 0 it says that the picture has no effect."""
    assert resolve(catalog, "looking", ip_adapter_image=ONE).parameters["ip_adapter_scale"] == 1.0
    assert "ip_adapter_scale" not in resolve(catalog, "looking").parameters
    idle = resolve(catalog, "looking", ip_adapter_image=ONE, ip_adapter_scale=0.0)
    assert idle.warnings == ["ip_adapter_image has no effect at an ip_adapter_scale of 0"]


def test_the_schema_shows_them(catalog: Catalog) -> None:
    """Names of ControlNets, numbers for each, pictures, and words; and only for a model that has them."""
    three, one, looking, plain = (
        describe_parameters(catalog, name)["text-to-image"]["properties"]
        for name in ("three", "one", "looking", "plain")
    )

    assert three["controlnets"]["items"]["enum"] == ["edges", "depth", "pose"]
    assert three["control_image"]["anyOf"][1]["maxItems"] == 3
    number = {"type": "number", "minimum": 0, "maximum": 10}
    assert three["controlnet_conditioning_scale"]["anyOf"] == [
        number,
        {"type": "array", "items": number, "minItems": 1, "maxItems": 3},
    ]
    assert number.items() <= one["controlnet_conditioning_scale"].items()
    assert "controlnets" not in one
    assert looking["ip_adapter_scale"]["maximum"] == 4
    assert looking["ip_adapter_image"]["anyOf"][1]["maxItems"] == 4
    for field in ("prompt", "negative_prompt"):
        assert looking[field]["description"].endswith("Words of the model's own: <cat>, inkstyle.")
        assert "own" not in plain[field]["description"]
    assert not {"ip_adapter_image", "ip_adapter_scale", "controlnets"} & set(plain)


@pytest.mark.parametrize("model", ["one", "three"])
def test_a_number_that_is_too_large_is_named_without_a_control_image(catalog: Catalog, model: str) -> None:
    """With what is allowed, as of any model; styles ask for the same schema."""
    with pytest.raises(InvalidRequest) as caught:
        resolve(catalog, model, num_inference_steps=400)
    parameters = find_parameters(catalog, model, "text-to-image")
    assert parameters is not None

    [error] = caught.value.errors
    assert (error.field, error.allowed) == ("num_inference_steps", {"type": "integer", "minimum": 1, "maximum": 20})
    assert "controlnet_conditioning_scale" not in describe_fields(parameters)


def test_a_refiner_has_a_border(tmp_path: Path) -> None:
    """Which a job's row has, and only text-to-image takes; the job's steps are those of both."""
    section = write_section(
        "refined", "x", pipeline="StableDiffusionXLPipeline", refiner="y", tasks=["text-to-image", "image-to-image"]
    )
    (tmp_path / "models.toml").write_text(section)
    catalog = load_catalog(tmp_path / "models.toml")

    resolved = resolve(catalog, "refined", num_inference_steps=10)
    assert (resolved.parameters["refine_from"], resolved.steps) == (0.8, 10)
    assert resolve(catalog, "refined", refine_from=1.0).parameters["refine_from"] == 1.0
    assert "refine_from" not in resolve(catalog, "refined", image=ONE).parameters
    assert list(refuse(catalog, "refined", image=ONE, refine_from=0.5)) == ["refine_from"]
    schema = describe_parameters(catalog, "refined")["text-to-image"]["properties"]["refine_from"]
    assert (schema["default"], schema["exclusiveMinimum"], schema["maximum"]) == (0.8, 0, 1)
