"""A job of a model with missing or damaged files is told which file it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file

from tests.rendering.models.conftest import BuildCatalog
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import Models

UNET = "unet/diffusion_pytorch_model"
SHARD = "unet/diffusion_pytorch_model-00002-of-"
INDEX = f"{UNET}.safetensors.index.json"

#: Breaks a model's folder.
Break = Callable[[Path], Any]


@pytest.fixture
def sharded(copy_model: Callable[..., Path], tmp_path: Path) -> Path:
    """A model whose denoiser is in several files."""
    folder = tmp_path / "sharded"
    DiffusionPipeline.from_pretrained(copy_model("whole")).save_pretrained(folder, max_shard_size="100KB")
    assert len(list(folder.glob("unet/*.safetensors"))) > 2
    return folder


def refusal(folder: Path, build_catalog: BuildCatalog, **fields: Any) -> str:
    """The message that a job of the model gets."""
    with pytest.raises(ModelUnavailable) as caught:
        Models(build_catalog({"model": folder}, pipeline="StableDiffusionPipeline", **fields), device="cpu").load(
            "model"
        )
    assert str(folder.parent) not in caught.value.message
    return caught.value.message


def _find(folder: Path, pattern: str) -> Path:
    [found] = folder.glob(pattern)
    return found


def _as_pickle(file: Path) -> None:
    torch.save(load_file(file), file.with_suffix(".bin"))
    file.unlink()


def _rename_index_entry(folder: Path) -> None:
    index = json.loads((folder / INDEX).read_text())
    name = next(iter(index["weight_map"]))
    index["weight_map"][name] = "diffusion_pytorch_model-of-another.safetensors"
    (folder / INDEX).write_text(json.dumps(index))


def _make_header_long(file: Path) -> None:
    file.write_bytes((2**40).to_bytes(8, "little") + b"{}")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (
            lambda folder: _find(folder, f"{SHARD}*").unlink(),
            r"unet/diffusion_pytorch_model-00002-of-\d{5}\.safetensors is missing",
        ),
        (lambda folder: max(folder.glob("unet/*.safetensors")).unlink(), r"unet/\S+\.safetensors is missing"),
        (
            lambda folder: (folder / INDEX).unlink(),
            r"unet has diffusion_pytorch_model-00001-of-\d{5}\.safetensors and no index",
        ),
        (
            lambda folder: (folder / INDEX).write_text("{"),
            r"unet/diffusion_pytorch_model\.safetensors\.index\.json is damaged",
        ),
        (
            lambda folder: (folder / INDEX).write_text("{}"),
            r"unet/diffusion_pytorch_model\.safetensors\.index\.json is damaged",
        ),
        (_rename_index_entry, r"unet/diffusion_pytorch_model-of-another\.safetensors is missing, which"),
        (
            lambda folder: [each.unlink() for each in folder.glob("unet/*.safetensors")],
            r"unet has no safetensors file, only diffusion_pytorch_model\.safetensors\.index\.json",
        ),
    ],
    ids=[
        "a shard",
        "the last shard",
        "the index",
        "a damaged index",
        "an empty index",
        "a strange index",
        "all shards",
    ],
)
def test_shards(sharded: Path, build_catalog: BuildCatalog, damage: Break, reason: str) -> None:
    """A missing shard or index is named."""
    damage(sharded)
    assert re.search(reason, refusal(sharded, build_catalog))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (
            lambda folder: _as_pickle(folder / f"{UNET}.safetensors"),
            "unet has no safetensors file: diffusion_pytorch_model.bin is of a kind",
        ),
        (
            lambda folder: _as_pickle(folder / "text_encoder/model.safetensors"),
            "text_encoder has no safetensors file: model.bin is of",
        ),
        (lambda folder: (folder / f"{UNET}.safetensors").unlink(), "unet has no safetensors file."),
        (lambda folder: (folder / "vae/config.json").unlink(), "vae/config.json is missing"),
        (lambda folder: (folder / "vae").rename(folder / "other"), "the folder vae is missing"),
        (lambda folder: (folder / "scheduler").rename(folder / "other"), "the folder scheduler is missing"),
        (lambda folder: (folder / "unet/config.json").write_text("{"), "unet/config.json is no JSON"),
        (lambda folder: (folder / "model_index.json").unlink(), "its folder has no model_index.json"),
        (lambda folder: (folder / "model_index.json").write_text("{"), "its model_index.json is no JSON"),
        (
            lambda folder: (folder / f"{UNET}.safetensors").write_bytes(b""),
            "unet/diffusion_pytorch_model.safetensors is no safetensors",
        ),
        (
            lambda folder: _make_header_long(folder / f"{UNET}.safetensors"),
            "unet/diffusion_pytorch_model.safetensors is no safetensors",
        ),
        (
            lambda folder: (folder / f"{UNET}.safetensors").write_bytes(
                (folder / f"{UNET}.safetensors").read_bytes()[:-1]
            ),
            "unet/diffusion_pytorch_model.safetensors has ",
        ),
        (
            lambda folder: [
                (folder / name / old).rename(folder / name / new)
                for name, old, new in (
                    ("unet", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors"),
                    ("text_encoder", "model.safetensors", "model.bf16.safetensors"),
                )
            ],
            "has its weights only as the variant",
        ),
    ],
)
def test_folders(copy_model: Callable[..., Path], build_catalog: BuildCatalog, damage: Break, reason: str) -> None:
    """A missing, damaged or unreadable file is named."""
    folder = copy_model("model")
    damage(folder)
    assert reason in refusal(folder, build_catalog)


def test_a_controlnet(copy_model: Callable[..., Path], build_catalog: BuildCatalog, tmp_path: Path) -> None:
    """The same for a ControlNet's folder."""
    (tmp_path / "edges").mkdir()
    (tmp_path / "edges/config.json").write_text("{}")
    message = refusal(copy_model("model"), build_catalog, controlnet=str(tmp_path / "edges"))
    assert "controlnet has no safetensors file" in message


def test_a_single_file(copy_model: Callable[..., Path], build_catalog: BuildCatalog) -> None:
    """The same for a model in one file."""
    folder = copy_model("model")
    whole = folder / "whole.safetensors"
    whole.write_bytes((folder / f"{UNET}.safetensors").read_bytes()[:3000])
    source = {"source": {"file": str(whole), "config": str(folder)}, "pipeline": "StableDiffusionPipeline"}
    catalog = build_catalog({"model": folder})
    entry = catalog.models["model"].model_validate(catalog.models["model"].model_dump() | source)
    models = Models(catalog.model_copy(update={"models": {"model": entry}}), device="cpu")
    with pytest.raises(ModelUnavailable, match=r"whole\.safetensors (is no safetensors file|has 3000 bytes)"):
        models.load("model")
