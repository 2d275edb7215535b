"""The models file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.models_file import write_section
from core.catalog import HubSource, load_catalog
from core.errors import InvalidCatalog, ModelNotFetched
from tests.conftest import REPOSITORY

ENTRY = write_section(
    "one",
    "weights",
    default_steps=4,
    max_steps=8,
    default_guidance_scale=1.0,
    schedulers=["ddim"],
    default_scheduler="ddim",
    pipeline="StableDiffusionPipeline",
)

#: What stands in `models.lock` for a hub source that was fetched.
LOCKED = {
    "revision": "0123456789abcdef0123456789abcdef01234567",
    "files": {"model_index.json": {"byte_size": 2, "sha256": "ab" * 32}},
    "pipeline": "FluxPipeline",
    "fetched_at": "2026-11-25T12:00:00Z",
}


def test_the_shipped_file_is_valid() -> None:
    """models.toml loads; its local sources are folders in diffusers' layout, and the others say how they come here."""
    catalog = load_catalog(REPOSITORY / "models.toml")

    assert (catalog.source_path("picturebook") / "model_index.json").is_file()
    for model_id, entry in catalog.models.items():
        assert catalog.pipeline_class(model_id)
        if isinstance(entry.source, HubSource) and not catalog.is_available(model_id):
            with pytest.raises(ModelNotFetched, match=f"darkroom-models fetch {model_id}"):
                catalog.source_path(model_id)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('licence = "Apache-2.0"\n', "", "models.one.licence"),
        ("max_width = 128", "max_width = 100", "models.one.max_width"),
        ("max_width = 128", "max_width = 32", "default size"),
        ("max_steps = 8", "max_steps = 2", "default_steps"),
        ('default_scheduler = "ddim"', 'default_scheduler = "euler"', "default_scheduler"),
        ('revision = "1"', 'revision = "1"\ncolour = "red"', "models.one.colour"),
        ('[models."one"]', "[models.'../one']", "models"),
        ('source = "weights"', "source = ", "line"),
        ('schedulers = ["ddim"]', 'schedulers = ["ddim", "dim"]', "schedulers: there is no 'dim'"),
        (ENTRY, "", "models"),
        (
            "StableDiffusionPipeline",
            "StableDifusionPipeline",
            r"models\.one\.pipeline: .* did you mean StableDiffusion",
        ),
        ('pipeline = "StableDiffusionPipeline"', "", r"models\.one\.pipeline: name the class"),
        ('revision = "1"', 'revision = "1"\ntasks = ["video"]', "models.one.tasks"),
        (
            "StableDiffusionPipeline",
            'PixArtSigmaPipeline"\ntasks = ["inpainting"]#',
            "tasks: PixArtSigmaPipeline has no",
        ),
        ("max_width = 128", "max_width = 136\nsize_step = 16", "max_width: .* multiples of 16"),
        ('revision = "1"', "", "revision"),
        ('source = "weights"', 'source = { hub = "owner/name" }', "revision: belongs into"),
        ('source = "weights"', 'source = { hub = "no-owner" }', r"models\.one\.source\.hub\.hub"),
        ('source = "weights"', 'source = { file = "a.ckpt", config = "c" }', r"models\.one\.source\.file\.file"),
        ('source = "weights"', 'source = { path = "a" }', r"models\.one\.source: must be a folder"),
        ('source = "weights"', "source = 7", r"models\.one\.source: must be a folder"),
        ('revision = "1"', 'revision = "1"\nquantisation = "int4"', "models.one.quantisation"),
        (
            'revision = "1"',
            'revision = "1"\nattention_backend = "flash_hub"',
            "models.one.attention_backend: downloads",
        ),
        ('revision = "1"', 'revision = "1"\nquantisation = "int8"\nlayerwise_casting = true', "exclude each other"),
        ('revision = "1"', 'revision = "1"\ndefaults = { colour = "red" }', "defaults.colour"),
        ('revision = "1"', 'revision = "1"\nwithout = ["colour"]', "without: .*colour"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, before: str, after: str, reason: str) -> None:
    """What is missing, unknown or impossible is said with its place and the file's name."""
    file = tmp_path / "models.toml"
    file.write_text(ENTRY.replace(before, after))

    with pytest.raises(InvalidCatalog, match=reason) as caught:
        load_catalog(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A wrong MODELS_FILE says which file it looked for."""
    with pytest.raises(InvalidCatalog, match=r"nowhere\.toml"):
        load_catalog(tmp_path / "nowhere.toml")


def test_the_models_own_index_names_the_class(tmp_path: Path) -> None:
    """With `auto` the class is the one of model_index.json, and is checked like one that the file names."""
    file = tmp_path / "models.toml"
    file.write_text(ENTRY.replace('pipeline = "StableDiffusionPipeline"', ""))
    (tmp_path / "weights").mkdir()
    index = tmp_path / "weights/model_index.json"

    index.write_text(json.dumps({"_class_name": "SanaPipeline"}))
    assert load_catalog(file).pipeline_class("one") == "SanaPipeline"

    index.write_text(json.dumps({"_class_name": "WanPipeline"}))
    with pytest.raises(InvalidCatalog, match=r"models\.one\.pipeline: WanPipeline cannot be served: it draws videos"):
        load_catalog(file)


def test_a_hub_model_is_there_once_the_lock_says_so(tmp_path: Path) -> None:
    """Without a restart: the revision and the class come from models.lock, the place from both; files have to be whole."""
    file = tmp_path / "models.toml"
    source = 'source = { hub = "owner/name", revision = "v1" }'
    file.write_text(
        ENTRY.replace('source = "weights"\nrevision = "1"', source).replace('pipeline = "StableDiffusionPipeline"', "")
    )
    catalog = load_catalog(file, fetched_folder=tmp_path / "fetched")
    assert (catalog.is_available("one"), catalog.pipeline_class("one")) == (False, None)

    lock = {"format": 1, "sources": {"owner/name@v1": LOCKED}}
    (tmp_path / "models.lock").write_text(json.dumps(lock))
    assert catalog.is_available("one")
    assert catalog.revision("one") == LOCKED["revision"]
    assert catalog.pipeline_class("one") == "FluxPipeline"
    with pytest.raises(ModelNotFetched):
        catalog.source_path("one")

    folder = tmp_path / f"fetched/owner--name/{LOCKED['revision']}"
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    assert catalog.source_path("one") == folder


@pytest.mark.parametrize(
    "lock",
    [
        "{",
        json.dumps({"format": 2}),
        json.dumps({"sources": {"a/b@main": LOCKED | {"files": {"../out": {"byte_size": 1, "sha256": None}}}}}),
        json.dumps({"sources": {"a/b@main": LOCKED | {"revision": "main"}}}),
    ],
)
def test_a_broken_lock_is_named(tmp_path: Path, lock: str) -> None:
    """What is no lock, or leads out of its folder, is an error with the file's name."""
    (tmp_path / "models.toml").write_text(ENTRY)
    (tmp_path / "models.lock").write_text(lock)

    with pytest.raises(InvalidCatalog, match=r"models\.lock"):
        _ = load_catalog(tmp_path / "models.toml").lock


LORA = """
[loras.ink]
source = "loras/ink.safetensors"
models = ["one"]
licence = "CC0-1.0"
commercial_use = true
"""


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('source = "loras/ink.safetensors"', 'source = "loras/ink.bin"', r"loras\.ink\.source"),
        ('source = "loras/ink.safetensors"', 'source = { hub = "owner/name" }', r"loras\.ink\.source"),
        (
            'source = "loras/ink.safetensors"',
            'source = { hub = "owner/name", file = "a/../../b.safetensors" }',
            "stay inside",
        ),
        ('models = ["one"]', "models = []", r"loras\.ink\.models"),
        ('models = ["one"]', 'models = ["two"]', r"loras\.ink\.models: there is no model 'two'"),
        ('models = ["one"]', 'models = ["one"]\ndefault_scale = 9', r"loras\.ink\.default_scale"),
        ('licence = "CC0-1.0"\n', "", r"loras\.ink\.licence"),
        ("[loras.ink]", "[loras.one]", r"loras\.one: there is a model of that id"),
    ],
)
def test_a_mistake_in_a_lora_is_named(tmp_path: Path, before: str, after: str, reason: str) -> None:
    """The file is refused with the LoRA's section, the field and the reason."""
    assert before in LORA
    file = tmp_path / "models.toml"
    file.write_text(ENTRY + LORA.replace(before, after))

    with pytest.raises(InvalidCatalog, match=reason):
        load_catalog(file)


@pytest.mark.parametrize(
    "switch", ['quantisation = "int8"', 'compile = "regional"', 'offload = "model"', "layerwise_casting = true"]
)
def test_loras_need_a_model_without_some_switches(tmp_path: Path, switch: str) -> None:
    """A LoRA for a model that is quantised, compiled, offloaded or cast layer by layer is refused, naming the switch."""
    file = tmp_path / "models.toml"
    file.write_text(ENTRY + switch + LORA)

    with pytest.raises(InvalidCatalog, match=f"one has {switch}, which does not go with LoRAs"):
        load_catalog(file)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"tasks": ["variation"]}, "redux: FluxPipeline needs it for variation"),
        ({"redux": "redux"}, "redux: is for variation"),
        (
            {"tasks": ["variation"], "pipeline": "FluxPriorReduxPipeline"},
            "pipeline: FluxPriorReduxPipeline draws nothing by itself: name its folder as `redux` of a FluxPipeline",
        ),
    ],
)
def test_redux_goes_with_variation(tmp_path: Path, fields: dict[str, object], reason: str) -> None:
    """FLUX.1 varies pictures with the folder of Redux beside its own, and only with that."""
    file = tmp_path / "models.toml"
    file.write_text(write_section("one", "weights", **{"pipeline": "FluxPipeline", **fields}))

    with pytest.raises(InvalidCatalog, match=f"models\\.one\\.{reason}"):
        load_catalog(file)


def test_a_hub_redux_is_fetched_with_its_model(tmp_path: Path) -> None:
    """It is one of the model's sources."""
    file = tmp_path / "models.toml"
    section = write_section("one", "weights", pipeline="FluxPipeline", tasks=["text-to-image", "variation"])
    file.write_text(section + 'redux = { hub = "owner/redux" }\n')

    assert load_catalog(file).get("one").sources["redux"] == HubSource(hub="owner/redux")
