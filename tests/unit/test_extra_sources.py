"""Further weights of a model's section: how they are written, what they are called, and what does not go together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.models_file import write_section
from core.catalog import Catalog, load_catalog
from core.errors import InvalidCatalog

SD, SDXL, SD3, FLUX = (
    "StableDiffusionPipeline",
    "StableDiffusionXLPipeline",
    "StableDiffusion3Pipeline",
    "FluxPipeline",
)
HUB = {"hub": "owner/name"}
ADAPTER = {"file": "adapter.safetensors", "image_encoder": "encoder"}


def load(folder: Path, pipeline: str = SD, **fields: Any) -> Catalog:
    (folder / "models.toml").write_text(write_section("model", "x", **{"pipeline": pipeline, **fields}))
    return load_catalog(folder / "models.toml")


def refusal(folder: Path, pipeline: str = SD, **fields: Any) -> str:
    with pytest.raises(InvalidCatalog) as caught:
        load(folder, pipeline, **fields)
    return str(caught.value)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, []),
        ({"controlnet": "edges"}, ["controlnet"]),
        ({"controlnet": {"folder": "edges"}}, ["controlnet"]),
        ({"controlnet": HUB}, ["controlnet"]),
        ({"controlnet": {"edges": "edges", "depth": HUB}}, ["controlnet.edges", "controlnet.depth"]),
        ({"vae": "other"}, ["vae"]),
        ({"vae": {**HUB, "subfolder": "vae"}}, ["vae"]),
        ({"ip_adapter": ADAPTER}, ["ip_adapter", "ip_adapter.image_encoder"]),
        ({"textual_inversions": {"<cat>": "a.safetensors"}}, ["textual_inversions.<cat>"]),
        ({"preview": "tiny", "vae": "other"}, ["vae"]),
        ({"pipeline": SDXL, "refiner": HUB}, ["refiner"]),
    ],
)
def test_each_has_a_name(tmp_path: Path, fields: dict[str, Any], names: list[str]) -> None:
    """By its key, and by the name that the section gives it."""
    entry = load(tmp_path, **fields).get("model")

    assert list(entry.extras) == names
    assert set(entry.sources) == {"source", *names, *(["preview"] if "preview" in fields else [])}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"controlnet": {}}, "models.model.controlnet"),
        ({"controlnet": {"Edges": "x"}}, "models.model.controlnet"),
        ({"controlnet": {"edges": 3}}, "must be a folder's path, or a table with `folder` or `hub`"),
        ({"vae": {"file": "x.safetensors", "config": "y"}}, "models.model.vae"),
        ({"vae": {"hub": "owner/name", "subfolder": "x/../y"}}, "must stay inside the repository"),
        ({"ip_adapter": {"file": "adapter.safetensors"}}, "models.model.ip_adapter.image_encoder"),
        ({"ip_adapter": {"file": "adapter.bin", "image_encoder": "x"}}, "models.model.ip_adapter.file"),
        ({"textual_inversions": {"<cat>": "a.pt"}}, "models.model.textual_inversions.<cat>"),
        ({"textual_inversions": {"two words": "a.safetensors"}}, "models.model.textual_inversions"),
        ({"textual_inversions": {"cat_1": "a.safetensors"}}, "cat_1: ends like the further vectors of a token"),
        (
            {"textual_inversions": {"cat": "a.safetensors", "<cat>": "b.safetensors"}},
            "cat: is a part of <cat>, and would be found in it",
        ),
        ({"ip_adapter": ADAPTER, "compile": "regional"}, "models.model.ip_adapter: does not go with compile"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    """With section, key and reason."""
    assert reason in refusal(tmp_path, **fields)


@pytest.mark.parametrize("pipeline", [SD, SDXL, SD3, FLUX])
def test_several_controlnets_of_classes_that_take_them(tmp_path: Path, pipeline: str) -> None:
    """Those with diffusers' several ControlNets."""
    entry = load(tmp_path, pipeline, controlnet={"edges": "a", "depth": "b"}).get("model")

    assert entry.controlnet_names == ("edges", "depth")


@pytest.mark.parametrize(
    ("pipeline", "fields", "reason"),
    [
        (
            "ZImagePipeline",
            {"controlnet": {"a": "a", "b": "b"}},
            "controlnet: ZImagePipeline takes one ControlNet, not several",
        ),
        (
            "Flux2KleinPipeline",
            {"controlnet": {"a": "a"}},
            "controlnet: Flux2KleinPipeline has no pipeline with a ControlNet",
        ),
        (
            SD3,
            {"ip_adapter": ADAPTER},
            "ip_adapter: StableDiffusion3Pipeline, which draws text-to-image, takes none here",
        ),
        (
            "ZImagePipeline",
            {"ip_adapter": ADAPTER},
            "ip_adapter: ZImagePipeline, which draws text-to-image, takes none here",
        ),
        (
            FLUX,
            {"ip_adapter": ADAPTER, "controlnet": "edges", "tasks": ["text-to-image", "inpainting"]},
            "ip_adapter: FluxControlNetInpaintPipeline, which draws inpainting, takes none here",
        ),
        (SD, {"refiner": "refiner"}, "refiner: StableDiffusionPipeline takes none"),
        (SDXL, {"refiner": "refiner", "offload": "model"}, "refiner: does not go with offload"),
        (
            SD3,
            {"textual_inversions": {"<cat>": "a.safetensors"}},
            "textual_inversions: StableDiffusion3Pipeline takes none",
        ),
    ],
)
def test_a_class_that_takes_none_is_named(tmp_path: Path, pipeline: str, fields: dict[str, Any], reason: str) -> None:
    """When the models file is read, not in every job."""
    assert f"models.model.{reason}" in refusal(tmp_path, pipeline, **fields)
