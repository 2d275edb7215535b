"""DoRA, LoHa, LoKr and LoCon draw what their definitions say, alone, together, and beside LoRAs; what peft lacks is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import torch

from tests.rendering.adapters import kinds, layouts
from tests.rendering.adapters.deltas import Layer, Pairs, Written, merged
from tests.rendering.adapters.kinds import CONVOLUTION, LINEAR
from tests.rendering.adapters.layouts import write
from tests.rendering.adapters.tiny_loras import ModelFolder, Render, difference, draw_plainly, request
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import Models

STEPS = 2

Kind = Callable[[Pairs, Layer], Written]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return ModelFolder(tmp_path_factory.mktemp("kinds"), {"sd15": "sd15", "flux-dev": "flux-dev"})


@pytest.fixture(scope="module")
def models(folder: ModelFolder) -> Iterator[Models]:
    """The models as a worker has them, with the adapters whose files the tests write."""
    names = ("one", "lora", "loha", "lokr", "other", "a-lora", "z-dora", "plain", "described", "adapter_model", "bad")
    models = folder.open({name: ["sd15", "flux-dev"] for name in names})
    yield models
    models.close()


@pytest.fixture(scope="module")
def pairs(folder: ModelFolder) -> Pairs:
    return Pairs(folder.shared("sd15"))


@pytest.fixture(scope="module")
def before(models: Models) -> torch.Tensor:
    """What Stable Diffusion draws before it has had an adapter."""
    return Render(models, "sd15", request("sd15", num_inference_steps=STEPS)).latents


#: Checks that files together draw what deltas draw in the model's own weights, and leave nothing behind.
Check = Callable[[dict[str, Written], dict[str, float], list[tuple[Written, float]]], None]


@pytest.fixture
def check(folder: ModelFolder, models: Models, before: torch.Tensor) -> Check:
    def check(written: dict[str, Written], scales: dict[str, float], deltas: list[tuple[Written, float]]) -> None:
        for name, each in written.items():
            folder.write_lora(name, each.tensors)
        wanted = request("sd15", list(scales.items()), num_inference_steps=STEPS)
        pipeline = folder.shared("sd15")
        with ExitStack() as merging:
            for each, scale in deltas:
                merging.enter_context(merged(pipeline, each.deltas, scale))
            expected = draw_plainly(pipeline, wanted)
        drawn = Render(models, "sd15", wanted).latents
        assert difference(expected, drawn) <= 1e-5
        assert difference(before, drawn) > 1e-4
        assert Render(models, "sd15", request("sd15", num_inference_steps=STEPS)).latents.equal(before)
        model: Any = models.load("sd15")
        model.adapters.unload_all()
        assert set(model.pipeline.unet.state_dict()) == set(pipeline.unet.state_dict())

    return check


@pytest.mark.parametrize(
    ("kind", "layer"),
    [
        (kinds.loha, LINEAR),
        (kinds.loha, CONVOLUTION),
        (kinds.loha_tucker, CONVOLUTION),
        (kinds.lokr, LINEAR),
        (kinds.lokr, CONVOLUTION),
        (kinds.lokr_whole, LINEAR),
        (kinds.lokr_whole, CONVOLUTION),
        (kinds.lokr_both, LINEAR),
        (kinds.lokr_both, CONVOLUTION),
        (kinds.middle, CONVOLUTION),
    ],
)
def test_a_kind_draws_as_defined(check: Check, pairs: Pairs, kind: Kind, layer: Layer) -> None:
    """Each kind, in a linear layer and in a convolution, at a scale of 0.7."""
    written = kind(pairs, layer)
    check({"one": written}, {"one": 0.7}, [(written, 0.7)])


@pytest.mark.parametrize("layer", [LINEAR, CONVOLUTION])
def test_a_dora_draws_as_defined(check: Check, pairs: Pairs, layer: Layer) -> None:
    """A DoRA at a scale of 0.7 has the direction of the LoRA at that scale, and its own lengths."""
    written = kinds.dora(pairs, layer, scale=0.7)
    check({"one": written}, {"one": 0.7}, [(written, 1.0)])


def test_kinds_are_added_up(check: Check, folder: ModelFolder, pairs: Pairs) -> None:
    """A DoRA, a LoRA, a LoHa and a LoKr in one layer, loaded in turns: each adds what it adds alone."""
    lora = write(pairs, [LINEAR], layouts.kohya)
    written = {"lora": lora, "loha": kinds.loha(pairs, LINEAR), "lokr": kinds.lokr(pairs, LINEAR)}
    other = write(Pairs(folder.shared("sd15"), seed=9), [LINEAR], layouts.diffusers)
    scales = {"lora": 0.5, "loha": -0.4, "lokr": 0.6, "other": 0.3}
    check(
        {**written, "other": other},
        scales,
        [(each, scales[name]) for name, each in {**written, "other": other}.items()],
    )

    dora = kinds.dora(pairs, LINEAR)
    check({"a-lora": lora, "z-dora": dora}, {"a-lora": 0.5, "z-dora": 1.0}, [(lora, 0.5), (dora, 1.0)])


def test_one_file_may_hold_several_kinds(check: Check, pairs: Pairs) -> None:
    """LyCORIS chooses a kind for each layer."""
    one, other = kinds.lokr(pairs, LINEAR), kinds.loha_tucker(pairs, CONVOLUTION)
    both = Written(one.tensors | other.tensors, one.deltas | other.deltas)
    check({"one": both}, {"one": 1.0}, [(both, 1.0)])


def test_diffusers_own_layout_draws_the_same_bits(folder: ModelFolder, models: Models, pairs: Pairs) -> None:
    """Where diffusers loads a file in the same way, the picture is equal bit for bit: at other scales, and with an alpha in the
    file's header.
    """
    layers = layouts.denoiser_layers(layouts.UNET + layouts.CONVOLUTIONS)
    written = write(pairs, layers, layouts.diffusers, rank=4)
    settings = {"r": 4, "lora_alpha": 6, "target_modules": [path for _, path in layers]}
    header = {"lora_adapter_metadata": json.dumps({f"unet.{name}": value for name, value in settings.items()})}
    folder.write_lora("plain", written.tensors)
    folder.write_lora("described", written.tensors, metadata={"format": "pt", **header})
    for name in ("plain", "described"):
        pipeline = folder.plain("sd15")
        pipeline.load_lora_weights(folder.path, weight_name=f"{name}.safetensors", adapter_name=name)
        for scale in (1.0, 0.4):
            pipeline.set_adapters([name], [scale])
            wanted = request("sd15", [(name, scale)], num_inference_steps=STEPS)
            assert Render(models, "sd15", wanted).latents.equal(draw_plainly(pipeline, wanted))
    models.load("sd15").adapters.unload_all()


@pytest.mark.parametrize(
    ("settings", "strength"),
    [
        ({"r": 4, "lora_alpha": 8}, 2.0),
        ({"r": 4, "lora_alpha": 8, "use_rslora": True}, 4.0),
        ({"r": 4, "lora_alpha": 4, "alpha_pattern": {"attn1.to_v": 2}}, 0.5),
    ],
)
def test_pefts_settings_count(
    check: Check, folder: ModelFolder, pairs: Pairs, settings: dict[str, Any], strength: float
) -> None:
    """`adapter_config.json` beside `adapter_model.safetensors` says how strongly the adapter works."""
    written = write(pairs, [LINEAR], layouts.peft, rank=4)
    folder.write_lora("adapter_model", written.tensors)
    beside = folder.path / "adapter_config.json"
    beside.write_text(json.dumps({"peft_type": "LORA", **settings}))
    try:
        check({"adapter_model": written}, {"adapter_model": 0.5}, [(written, 0.5 * strength)])
    finally:
        beside.unlink()


#: Returns why a job with these tensors as its LoRA fails.
Refusal = Callable[..., str]


@pytest.fixture
def refusal(folder: ModelFolder, models: Models) -> Refusal:
    def refusal(tensors: dict[str, torch.Tensor], model: str = "sd15") -> str:
        folder.write_lora("bad", tensors)
        with pytest.raises(ModelUnavailable, match="'bad'") as caught:
            Render(models, model, request(model, [("bad", 1.0)], num_inference_steps=1))
        return caught.value.message

    return refusal


START = f"lora_unet_{LINEAR[1].replace('.', '_')}"


@pytest.mark.parametrize(
    ("added", "removed", "reason"),
    [
        ({"dora_scale": torch.ones(1, 32)}, [], "is a DoRA with 32 magnitudes, one for each input"),
        ({}, ["lora_up.weight"], "has no lora_B"),
        ({"lora_up.weight": torch.ones(32, 3)}, [], "has two matrices of the ranks 4 and 3"),
        ({"lora_up.weight": torch.ones(64, 4)}, [], r"changes a weight of \[64, 32\] instead of \[32, 32\]"),
        ({"hada_w1_a": torch.ones(32, 4)}, [], "has no hada_w1_b"),
        ({"diff": torch.ones(32, 32)}, [], "more than low-rank matrices, such as .*diff"),
        ({"oft_blocks": torch.ones(2, 16, 16)}, [], "it is an OFT"),
        ({"a1.weight": torch.ones(4, 4)}, [], "it is a GLoRA"),
        ({"nothing.we.know": torch.ones(1)}, [], "more than low-rank matrices"),
    ],
)
def test_what_cannot_be_loaded_says_why(
    refusal: Refusal, pairs: Pairs, added: dict[str, torch.Tensor], removed: list[str], reason: str
) -> None:
    """The job's message has the true reason, with the layer's name as the file has it."""
    tensors = write(pairs, [LINEAR], layouts.kohya, rank=4).tensors
    tensors = {name: each for name, each in tensors.items() if name not in [f"{START}.{end}" for end in removed]}

    assert re.search(reason, refusal(tensors | {f"{START}.{end}": each for end, each in added.items()}))


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"bundle_emb.word.string_to_param": torch.ones(4, 32)}, "words of its own"),
        ({f"{START}.alpha": torch.tensor(1.0)}, "holds no adapter"),
        (
            {"lora_unet_nowhere.lora_down.weight": torch.ones(4, 4)},
            "0 of its 1 layers fit, and there is no lora_unet_nowhere",
        ),
    ],
)
def test_files_without_an_adapter_for_the_model_say_so(
    refusal: Refusal, tensors: dict[str, torch.Tensor], reason: str
) -> None:
    """The same for what is no adapter, or none of this model."""
    assert reason in refusal(tensors)


def test_a_lokr_is_divided_only_at_its_borders(refusal: Refusal, folder: ModelFolder, models: Models) -> None:
    """A LoKr of FLUX's fused layers is divided if its blocks end where the layers do, and refused otherwise."""
    pipeline = folder.shared("flux-dev")
    pairs = Pairs(pipeline)
    parts = [f"transformer_blocks.0.attn.{name}" for name in ("to_q", "to_k", "to_v")]
    width = pairs.weight(("transformer", parts[0])).shape[0]
    name = "diffusion_model.double_blocks.0.img_attn.qkv"
    small, large = pairs.noise(3, 1), pairs.noise(width, width)
    delta = torch.kron(small, large)
    folder.write_lora("bad", {f"{name}.lokr_w1": small, f"{name}.lokr_w2": large})
    wanted = request("flux-dev", [("bad", 1.0)], num_inference_steps=STEPS)
    deltas = {("transformer", part): rows for part, rows in zip(parts, torch.split(delta, width), strict=True)}
    with merged(pipeline, deltas):
        expected = draw_plainly(pipeline, wanted)
    assert difference(expected, Render(models, "flux-dev", wanted).latents) <= 1e-5

    undividable = {f"{name}.lokr_w1": pairs.noise(2, 1), f"{name}.lokr_w2": pairs.noise(3 * width // 2, width)}
    assert "its Kronecker product cannot be divided there" in refusal(undividable, "flux-dev")
