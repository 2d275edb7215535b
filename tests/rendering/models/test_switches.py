"""The speed switches of the catalog: what each does to the model and its pictures, and when it is refused."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
import torch
from diffusers.models.attention_dispatch import _AttentionBackendRegistry
from numpy.typing import NDArray

from core.metrics import COMPILED_GRAPHS, UNCOMPILED_BLOCK_CALLS
from tests.rendering.models.conftest import BuildCatalog
from tests.rendering.models.drawing import REQUEST, draw, draw_with_own_scheduler
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import LoadedModel, Models, regional_compilation
from worker.rendering.models.memory import module_bytes
from worker.rendering.models.plan_load import ModelFiles
from worker.rendering.models.switches import place, refuse_impossible_switches
from worker.rendering.render import render_images

#: Loads a model of a family with some switches on.
Load = Callable[..., LoadedModel]

_CUDA = torch.device("cuda")
_CPU = torch.device("cpu")


@pytest.fixture
def load(tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog) -> Iterator[Load]:
    """Returns a function that loads a model of a family with switches."""
    loaded: list[Models] = []

    def load(family: str, **switches: Any) -> LoadedModel:
        models = Models(build_catalog({"model": tiny_folders(family)}, **switches), device="cpu")
        loaded.append(models)
        return models.load("model")

    yield load
    for models in loaded:
        models.close()


def largest_difference(one: LoadedModel, other: LoadedModel, **changes: object) -> int:
    """The largest difference of a pixel of the same job, out of 255."""
    return int(np.abs(draw(one, **changes) - draw(other, **changes)).max())


def test_channels_last_lays_out_what_has_four_dimensions(load: Load) -> None:
    """An autoencoder of videos has convolutions of three dimensions too, which stay as they are."""
    switched = load("qwen-image", channels_last=True)

    weights = list(switched.pipeline.vae.parameters())
    assert {weight.dim() for weight in weights} >= {4, 5}
    for weight in weights:
        assert weight.dim() != 4 or weight.is_contiguous(memory_format=torch.channels_last)
    assert switched.switches == {"channels_last": True}
    assert largest_difference(switched, load("qwen-image"), scheduler="own", guidance_scale=None) <= 1


def test_a_switch_that_finds_nothing_is_refused(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a denoiser, or a weight to lay out, the switch is named: it is not passed over."""
    monkeypatch.setattr("worker.rendering.models.switches.list_denoisers", lambda _pipeline: {})
    with pytest.raises(ModelUnavailable, match="switch layerwise_casting does not work with StableDiffusionPipeline"):
        load("sd15", layerwise_casting=True)
    monkeypatch.setattr("worker.rendering.models.switches.list_autoencoders", lambda _pipeline: {})
    with pytest.raises(ModelUnavailable, match="switch channels_last has nothing to lay out"):
        load("sd15", channels_last=True)


def test_an_autoencoder_is_settled_before_it_is_placed(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Group offloading keeps copies of the weights as they are when it begins: the dtype of an autoencoder is final by then."""
    monkeypatch.setattr(ModelFiles, "dtype", torch.float16)
    placed: list[torch.dtype] = []
    monkeypatch.setattr(
        "worker.rendering.models.switches.place", lambda pipeline, *_: placed.append(pipeline.vae.dtype)
    )

    settled = load("sd15").pipeline.vae.dtype

    assert placed == [settled]


def test_channels_last_lays_out_convolutions(load: Load) -> None:
    """The weights of convolutions are stored channels last, and pictures are the same except for rounding."""
    switched = load("sd15", channels_last=True)

    for part in (switched.pipeline.unet, switched.pipeline.vae.decoder):
        assert part.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    assert switched.switches == {"channels_last": True}
    assert largest_difference(switched, load("sd15")) <= 1


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_regional_compilation_compiles_the_repeated_blocks(load: Load) -> None:
    """The repeated blocks of a denoiser are compiled, other sizes and numbers of rows are drawn with the same model, and
    pictures are the same except for rounding.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's compiler, which uses what torch deprecates
        torch._dynamo.reset()
        before = COMPILED_GRAPHS._value.get()
        switched, plain = load("sd15", compile="regional"), load("sd15")

        compiled = [block for block in _list_blocks(switched) if block._compiled_call_impl is not None]
        assert {type(module).__name__ for module in compiled} == {"BasicTransformerBlock"}
        assert switched.switches == {"compile": "regional"}
        graphs: list[float] = []
        for size in (64, 128):
            for rows in (1, 2, 3, 5, 8):
                changes = {"width": size, "guidance_scale": 1.0}
                assert _largest_difference_of_rows(switched, plain, rows, **changes) <= 1
                graphs.append(COMPILED_GRAPHS._value.get() - before)
        assert graphs[1] <= 4, "one row, and more than one row; the compiler may tell large layers from small ones"
        assert graphs[1:] == graphs[1:2] * 9, "another number of rows, and another size, compiles nothing"
        assert UNCOMPILED_BLOCK_CALLS.labels("model")._value.get() == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_a_block_that_runs_uncompiled_says_so(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph too many is not compiled: the picture is right, and log and metrics say that blocks ran as they are."""
    with warnings.catch_warnings(), structlog.testing.capture_logs() as logs:
        warnings.simplefilter("ignore")
        torch._dynamo.reset()
        monkeypatch.setattr(regional_compilation, "_MOST_GRAPHS", 1)
        switched, plain = load("sd15", compile="regional"), load("sd15")
        calls = UNCOMPILED_BLOCK_CALLS.labels("model")
        before = calls._value.get()

        assert _largest_difference_of_rows(switched, plain, 1, guidance_scale=1.0) <= 1
        assert calls._value.get() == before
        assert _largest_difference_of_rows(switched, plain, 2, guidance_scale=1.0) <= 1
        uncompiled = calls._value.get() - before
        assert uncompiled >= 2 * len(_list_blocks(switched)), "in each of two steps"
        assert _largest_difference_of_rows(switched, plain, 1, guidance_scale=1.0) <= 1
        assert calls._value.get() - before == uncompiled, "what is compiled stays in use"
    [said] = [log for log in logs if log["event"] == "block_not_compiled"]
    assert (said["model"], said["block"]) == ("model", "BasicTransformerBlock")


def _list_blocks(model: LoadedModel) -> list[torch.nn.Module]:
    unet = model.pipeline.unet
    return [block for block in unet.modules() if block is not unet and type(block).__name__ == "BasicTransformerBlock"]


def _largest_difference_of_rows(one: LoadedModel, other: LoadedModel, rows: int, **changes: object) -> int:
    """The same with as many rows in one forward as pictures of a job without guidance."""

    def draw_rows(model: LoadedModel) -> NDArray[np.int16]:
        drawing = Drawing({**REQUEST, **changes}, seeds=list(range(rows)))
        images = render_images(model, drawing, on_step=lambda _: None).images
        return np.stack([np.asarray(image) for image in images]).astype(np.int16)

    return int(np.abs(draw_rows(one) - draw_rows(other)).max())


def test_an_attention_backend_is_this_models_alone(load: Load) -> None:
    """Every attention of the denoiser uses the backend, and other models keep the usual one."""
    usual = _AttentionBackendRegistry.get_active_backend()
    switched, plain = load("flux-schnell", attention_backend="_native_math"), load("flux-schnell")

    def backends(model: LoadedModel) -> set[Any]:
        processors = [getattr(module, "processor", None) for module in model.pipeline.transformer.modules()]
        return {processor._attention_backend for processor in processors if processor is not None}

    assert backends(switched) == {"_native_math"}
    assert backends(plain) == {None}
    assert _AttentionBackendRegistry.get_active_backend() == usual
    assert switched.switches == {"attention_backend": "_native_math"}
    assert np.abs(draw_with_own_scheduler(switched) - draw_with_own_scheduler(plain)).max() <= 1


@pytest.mark.parametrize(("quantisation", "tolerance"), [("int8", 24), ("fp8", 48)])
def test_quantised_weights_take_less_memory(load: Load, quantisation: str, tolerance: int) -> None:
    """The denoiser's linear layers are kept in eight bits, as its size shows, and the picture stays close."""
    switched, plain = load("flux-schnell", quantisation=quantisation), load("flux-schnell")

    assert module_bytes(switched.pipeline.transformer) < 0.6 * module_bytes(plain.pipeline.transformer)
    assert switched.switches == {"quantisation": quantisation}
    difference = np.abs(draw_with_own_scheduler(switched) - draw_with_own_scheduler(plain)).max()
    assert 0 < difference <= tolerance


def test_layerwise_casting_keeps_weights_in_fp8(load: Load) -> None:
    """Weights are stored in fp8 and computed with in the model's dtype: less memory, and the picture stays close."""
    switched, plain = load("sd15", layerwise_casting=True), load("sd15")

    assert torch.float8_e4m3fn in {weight.dtype for weight in switched.pipeline.unet.parameters()}
    assert module_bytes(switched.pipeline.unet) < 0.6 * module_bytes(plain.pipeline.unet)
    assert switched.switches == {"layerwise_casting": True}
    assert largest_difference(switched, plain) <= 48


def test_tiles_begin_above_the_limit(load: Load) -> None:
    """Pictures up to the limit are decoded as a whole, larger ones in tiles."""
    switched, plain = load("sd15", vae_tiling_above_pixels=64 * 64), load("sd15")

    assert switched.switches == {"vae_tiling_above_pixels": 4096}
    assert largest_difference(switched, plain, width=64, height=64) == 0
    assert not switched.pipeline.vae.use_tiling, "the decoding turns it on for the pictures that need it"


@pytest.mark.parametrize("offload", ["model", "group"])
def test_offloaded_models_draw_the_same(load: Load, offload: str) -> None:
    """The hooks that move weights change no pixel. (Here from the CPU to the CPU: on a GPU they also save memory.)"""
    moved, plain = load("sd15"), load("sd15")
    place(moved.pipeline, offload, _CPU)

    assert largest_difference(moved, plain) == 0


@pytest.mark.parametrize(
    ("family", "switches", "reason"),
    [
        ("sd15", {"offload": "model"}, "switch offload moves weights between a GPU and main memory"),
        ("sd15", {"offload": "group"}, "switch offload"),
        ("flux-schnell", {"attention_backend": "sage"}, "switch attention_backend = 'sage' needs a GPU"),
        ("sd15", {"attention_backend": "native"}, "switch attention_backend does not work with UNet2DConditionModel"),
    ],
)
def test_a_switch_that_cannot_work_is_refused(load: Load, family: str, switches: dict[str, str], reason: str) -> None:
    """The model is unavailable with the switch named, instead of drawing without it."""
    with pytest.raises(ModelUnavailable, match=reason):
        load(family, **switches)


def test_offloading_a_quantised_model_is_refused(
    tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog
) -> None:
    """The two switches exclude each other on a GPU too."""
    switches = {"offload": "model", "quantisation": "fp8"}
    entry = build_catalog({"model": tiny_folders("sd15")}, **switches).models["model"]

    with pytest.raises(ModelUnavailable, match="offload does not go together"):
        refuse_impossible_switches(entry, _CUDA)


def test_triton_without_a_c_compiler_does_not_compile(
    tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Triton is installed with torch for CUDA, but needs CC, clang or gcc when its first kernel starts: refused at the load."""
    entry = build_catalog({"model": tiny_folders("sd15")}).models["model"].model_copy(update={"compile": "regional"})
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)

    with pytest.raises(ModelUnavailable, match="triton and a C compiler on a GPU"):
        refuse_impossible_switches(entry, _CUDA)
    for name, chosen in (("gcc", None), ("clang", None), ("cc-14", "cc-14"), ("cc-15", str(tmp_path / "cc-15"))):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
        if chosen is not None:
            monkeypatch.setenv("CC", chosen)
        refuse_impossible_switches(entry, _CUDA)
        (tmp_path / name).unlink()


def test_what_is_not_installed_is_named(
    tiny_folders: Callable[[str], Path], build_catalog: BuildCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without torchao or a compiler the refusal says what to install."""
    entry = build_catalog({"model": tiny_folders("sd15")}).models["model"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ModelUnavailable, match="needs torchao"):
        refuse_impossible_switches(entry.model_copy(update={"quantisation": "int8"}), _CPU)
    for device in (_CPU, _CUDA):
        with pytest.raises(ModelUnavailable, match="compile needs a C"):
            refuse_impossible_switches(entry.model_copy(update={"compile": "regional"}), device)
