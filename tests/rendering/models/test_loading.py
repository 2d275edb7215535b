"""What is loaded, what is refused, and how long a refusal lasts."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import ControlNetModel, DiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from bench.tiny_families import FAMILIES
from bench.tiny_families.stable_diffusion import stable_diffusion_xl
from core.catalog import Catalog
from core.metrics import MODEL_LOADS
from tests.rendering.models.conftest import BuildCatalog
from tests.rendering.models.drawing import draw
from tests.rendering.models.single_file import write_single_file, write_single_file_xl
from tests.rendering.quick import few_quick
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import Models
from worker.rendering.modules.broken_models import BrokenModels


@pytest.fixture
def folder(copy_model: Callable[..., Path]) -> Path:
    """A tiny model of the test's own."""
    return copy_model("model")


def refusal(folder: Path, build_catalog: BuildCatalog) -> str:
    """The message that a job of the model gets."""
    with pytest.raises(ModelUnavailable) as caught:
        Models(build_catalog({"model": folder}, pipeline="StableDiffusionPipeline"), device="cpu").load("model")
    assert str(folder) not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("family", few_quick(FAMILIES))
def test_every_family_is_loaded(family: str, tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog) -> None:
    """Each family's folder is loaded as the pipeline that it names, with the hash of every weights file."""
    folder = tiny_folders(family)
    models = Models(build_catalog({"model": folder}), device="cpu")

    model = models.load("model")

    assert type(model.pipeline).__name__ == json.loads((folder / "model_index.json").read_text())["_class_name"]
    assert set(model.file_sha256) == {str(path.relative_to(folder)) for path in folder.rglob("*.safetensors")}
    assert model.switches == {}
    models.close()


def test_a_dtype_is_applied(folder: Path, build_catalog: BuildCatalog) -> None:
    """A model is cast to its entry's dtype, but never to float16 on a CPU."""
    for dtype, applied in (("bfloat16", torch.bfloat16), ("float16", torch.float32), ("auto", torch.float32)):
        models = Models(build_catalog({"model": folder}, dtype=dtype), device="cpu")
        assert models.load("model").pipeline.unet.dtype == applied
        models.close()


def test_a_variant_is_found(folder: Path, build_catalog: BuildCatalog) -> None:
    """A folder that has only fp16 weights is loaded, and the receipt has the hashes of those files."""
    DiffusionPipeline.from_pretrained(folder).to(torch.float16).save_pretrained(
        folder.with_name("half"), variant="fp16"
    )
    models = Models(build_catalog({"model": folder.with_name("half")}), device="cpu")

    model = models.load("model")

    assert "unet/diffusion_pytorch_model.fp16.safetensors" in model.file_sha256
    assert draw(model).any()
    models.close()


def test_a_controlnet_is_loaded_beside_its_model(folder: Path, build_catalog: BuildCatalog, tmp_path: Path) -> None:
    """A ControlNet of the catalog becomes part of the pipeline, and of the receipt."""
    ControlNetModel.from_unet(
        DiffusionPipeline.from_pretrained(folder).unet, conditioning_embedding_out_channels=(4, 8, 8, 8)
    ).save_pretrained(tmp_path / "edges")
    models = Models(build_catalog({"model": folder}, controlnet=str(tmp_path / "edges")), device="cpu")

    model = models.load("model")

    assert type(model.pipeline).__name__ == "StableDiffusionControlNetPipeline"
    assert "controlnet/diffusion_pytorch_model.safetensors" in model.file_sha256
    models.close()


def test_custom_pipelines_are_refused(folder: Path, build_catalog: BuildCatalog) -> None:
    """A folder that names a pipeline of its own is refused, and its code is not run."""
    _change(folder / "model_index.json", _class_name=["evil", "EvilPipeline"])
    (folder / "evil.py").write_text("raise SystemExit('run')")

    assert "EvilPipeline" in refusal(folder, build_catalog)


def test_custom_components_are_refused(folder: Path, build_catalog: BuildCatalog) -> None:
    """A folder with a component of its own is refused, and its code is not run."""
    _change(folder / "model_index.json", unet=["evil", "EvilModel"])
    (folder / "unet/evil.py").write_text("raise SystemExit('run')")

    assert "unet" in refusal(folder, build_catalog)


def test_custom_models_of_transformers_are_refused(folder: Path, build_catalog: BuildCatalog) -> None:
    """A text encoder whose configuration points to code is refused."""
    _change(folder / "text_encoder/config.json", auto_map={"AutoModel": "evil.EvilModel"})

    assert "text_encoder" in refusal(folder, build_catalog)


def test_pickles_are_never_read(folder: Path, build_catalog: BuildCatalog) -> None:
    """A folder without safetensors is refused, even if it has the same weights as a pickle."""
    unet = DiffusionPipeline.from_pretrained(folder).unet
    (folder / "unet/diffusion_pytorch_model.safetensors").unlink()
    torch.save(unet.state_dict(), folder / "unet/diffusion_pytorch_model.bin")

    refusal(folder, build_catalog)


def test_a_single_file_draws_what_its_folder_draws(folder: Path, build_catalog: BuildCatalog) -> None:
    """A model in one safetensors file, with the configurations of a folder, is the same model."""
    file = folder / "whole.safetensors"
    write_single_file(folder, file)
    catalog = build_catalog({"folder": folder})
    models = Models(_with_single_file(catalog, file.name, "."), device="cpu")

    model = models.load("file")

    assert set(model.file_sha256) == {file.name}
    assert (draw(model) == draw(models.load("folder"))).all()
    models.close()


def test_a_single_file_of_sdxl_draws_what_its_folder_draws(tmp_path: Path, build_catalog: BuildCatalog) -> None:
    """The same with SDXL's second text encoder, which is OpenCLIP's; the file tells it from the first by its width."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        components = stable_diffusion_xl().components
        wide = components["text_encoder_2"].config.to_dict() | {"hidden_size": 64, "intermediate_size": 64}
        encoder = CLIPTextModelWithProjection(CLIPTextConfig(**wide))
        unet = UNet2DConditionModel.from_config({**components["unet"].config, "cross_attention_dim": 32 + 64})
    folder = tmp_path / "model"
    StableDiffusionXLPipeline(**components | {"text_encoder_2": encoder, "unet": unet}).save_pretrained(folder)
    write_single_file_xl(folder, folder / "whole.safetensors")
    catalog = build_catalog({"folder": folder}, pipeline="StableDiffusionXLPipeline")
    models = Models(_with_single_file(catalog, "whole.safetensors", "."), device="cpu")

    one, other = models.load("file"), models.load("folder")

    for name, module in other.modules.items():
        weights = one.modules[name].state_dict()
        assert all(torch.equal(weights[place], tensor) for place, tensor in module.state_dict().items())
    # Weights that were cut from a larger tensor lie otherwise in memory, and round otherwise.
    assert abs(draw(one) - draw(other)).max() <= 1
    models.close()


def test_a_single_file_without_configurations_is_refused(folder: Path, build_catalog: BuildCatalog) -> None:
    """A single file without its folder of configurations is refused, and the hub is not asked."""
    catalog = _with_single_file(
        build_catalog({"folder": folder}), "unet/diffusion_pytorch_model.safetensors", "nowhere"
    )

    with pytest.raises(ModelUnavailable):
        Models(catalog, device="cpu").load("file")


def test_a_broken_folder_is_tried_again_when_it_changes(folder: Path, build_catalog: BuildCatalog) -> None:
    """A folder that failed is not loaded again for each of its jobs; it is once its files change."""
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:5000])
    models = Models(build_catalog({"model": folder}), device="cpu")
    failures = MODEL_LOADS.labels("model", "unavailable")
    before = failures._value.get()

    for _ in range(3):
        with pytest.raises(ModelUnavailable, match="could not be loaded"):
            models.load("model")
    assert failures._value.get() == before + 1

    weights.write_bytes(whole)
    assert draw(models.load("model")).any()
    models.close()


def test_a_broken_folder_is_tried_again_after_a_while() -> None:
    """Unchanged files are tried again after some minutes: the machine may have been the cause."""
    now = 0.0
    broken = BrokenModels(clock=lambda: now)
    broken.remember("model", "files", "why")

    now = 299.0
    assert broken.find("model", "files") == "why"
    assert broken.find("model", "other files") is None
    assert broken.find("other", "files") is None
    now = 301.0
    assert broken.find("model", "files") is None


def test_a_broken_load_leaves_nothing_behind(
    copy_model: Callable[..., Path], folder: Path, build_catalog: BuildCatalog
) -> None:
    """A load that fails releases its reserved memory, and the other models stay."""
    (folder / "scheduler/scheduler_config.json").write_text("{")
    models = Models(build_catalog({"model": folder, "whole": copy_model("whole")}), device="cpu")
    models.load("whole")
    used = models._accounts.used_bytes

    with pytest.raises(ModelUnavailable):
        models.load("model")

    assert models._accounts.used_bytes == used
    assert models.resident_ids() == {"whole"}
    models.close()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("CUDA driver error: out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        torch.AcceleratorError("CUDA error: device-side assert triggered", 710),
    ],
    ids=repr,
)
def test_no_memory_is_not_the_models_fault(
    folder: Path, build_catalog: BuildCatalog, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A device without memory for the model, or one that fails, ends the job with its own error, and the model is tried
    again. Whoever has the error holds nothing of what was loaded until then.
    """
    models = Models(build_catalog({"model": folder}), device="cpu")
    loaded: list[weakref.ref[torch.Tensor]] = []

    def fail(*_: object, **__: object) -> None:
        part = torch.ones(1024)
        loaded.append(weakref.ref(part))
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("worker.rendering.models.cache.load_model", fail)
        with pytest.raises(type(error)) as caught:
            models.load("model")
    assert caught.value is error
    assert loaded[0]() is None
    assert models.load("model").id == "model"
    models.close()


def test_a_model_that_was_not_fetched_says_so(folder: Path, build_catalog: BuildCatalog) -> None:
    """A hub model whose files are not here fails its job, and the error names the command that fetches them."""
    catalog = build_catalog({"model": folder})
    entry = catalog.models["model"].model_validate(
        catalog.models["model"].model_dump() | {"source": {"hub": "some/model"}, "revision": None}
    )
    catalog = catalog.model_copy(update={"models": {"model": entry}})

    with pytest.raises(ModelUnavailable, match="darkroom-models fetch model"):
        Models(catalog, device="cpu").load("model")


def _with_single_file(catalog: Catalog, file: str, config: str) -> Catalog:
    """The catalog with another model, `file`, in the folder of `folder`."""
    usual = catalog.models["folder"]
    named = "StableDiffusionPipeline" if usual.pipeline == "auto" else usual.pipeline
    entry = usual.model_validate(usual.model_dump() | {"source": {"file": file, "config": config}, "pipeline": named})
    folder = catalog.source_path("folder")
    return catalog.model_copy(update={"models": {**catalog.models, "file": entry}, "folder": folder})


def _change(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    os.utime(file)
