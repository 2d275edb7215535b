"""DoRA, LoHa, LoKr and LoCon draw what their definitions say, alone, together, and beside LoRAs; what peft lacks is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.rendering.adapters import kinds, layouts
from tests.rendering.adapters.deltas import Layer, Pairs, Written, merge
from tests.rendering.adapters.kinds import CONVOLUTION, LINEAR
from tests.rendering.adapters.layouts import write
from tests.rendering.adapters.tiny_loras import ModelFolder, Render, difference, draw_plainly, request
from worker.rendering.errors import ModelUnavailable

STEPS = 2

Kind = Callable[[Pairs, Layer], Written]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return ModelFolder(tmp_path_factory.mktemp("kinds"), {"sd15": "sd15", "flux-dev": "flux-dev"})


@pytest.fixture(scope="module")
def pairs(folder: ModelFolder) -> Pairs:
    return Pairs(folder.plain("sd15"))


def save(folder: ModelFolder, name: str, tensors: dict[str, torch.Tensor], **options: Any) -> None:
    contiguous = {key: each.contiguous() for key, each in tensors.items()}
    save_file(contiguous, folder.path / f"{name}.safetensors", **options)


def check(
    folder: ModelFolder, written: dict[str, Written], scales: dict[str, float], deltas: list[tuple[Written, float]]
) -> None:
    """The files together draw what the deltas draw in the model's own weights, and leave nothing behind."""
    for name, each in written.items():
        save(folder, name, each.tensors)
    models = folder.open({name: ["sd15"] for name in written})
    plain = request("sd15", num_inference_steps=STEPS)
    before = Render(models, "sd15", plain).latents
    pipeline = folder.plain("sd15")
    for each, scale in deltas:
        merge(pipeline, each.deltas, scale)
    wanted = request("sd15", list(scales.items()), num_inference_steps=STEPS)
    drawn = Render(models, "sd15", wanted).latents
    assert difference(draw_plainly(pipeline, wanted), drawn) <= 1e-5
    assert difference(before, drawn) > 1e-4
    assert Render(models, "sd15", plain).latents.equal(before)
    unet: Any = models.load("sd15").pipeline.unet
    models.load("sd15").adapters.unload_all()
    assert set(unet.state_dict()) == set(pipeline.unet.state_dict())
    models.close()


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
def test_a_kind_draws_as_defined(folder: ModelFolder, pairs: Pairs, kind: Kind, layer: Layer) -> None:
    """Each kind, in a linear layer and in a convolution, at a scale of 0.7."""
    written = kind(pairs, layer)
    check(folder, {"one": written}, {"one": 0.7}, [(written, 0.7)])


@pytest.mark.parametrize("layer", [LINEAR, CONVOLUTION])
def test_a_dora_draws_as_defined(folder: ModelFolder, pairs: Pairs, layer: Layer) -> None:
    """A DoRA at a scale of 0.7 has the direction of the LoRA at that scale, and its own lengths."""
    written = kinds.dora(pairs, layer, scale=0.7)
    check(folder, {"one": written}, {"one": 0.7}, [(written, 1.0)])


def test_kinds_are_added_up(folder: ModelFolder, pairs: Pairs) -> None:
    """A DoRA, a LoRA, a LoHa and a LoKr in one layer, loaded in turns: each adds what it adds alone."""
    lora = write(pairs, [LINEAR], layouts.kohya)
    written = {"lora": lora, "loha": kinds.loha(pairs, LINEAR), "lokr": kinds.lokr(pairs, LINEAR)}
    other = write(Pairs(folder.plain("sd15"), seed=9), [LINEAR], layouts.diffusers)
    scales = {"lora": 0.5, "loha": -0.4, "lokr": 0.6, "other": 0.3}
    check(
        folder,
        {**written, "other": other},
        scales,
        [(each, scales[name]) for name, each in {**written, "other": other}.items()],
    )

    dora = kinds.dora(pairs, LINEAR)
    check(folder, {"a-lora": lora, "z-dora": dora}, {"a-lora": 0.5, "z-dora": 1.0}, [(lora, 0.5), (dora, 1.0)])


def test_one_file_may_hold_several_kinds(folder: ModelFolder, pairs: Pairs) -> None:
    """LyCORIS chooses a kind for each layer."""
    one, other = kinds.lokr(pairs, LINEAR), kinds.loha_tucker(pairs, CONVOLUTION)
    both = Written(one.tensors | other.tensors, one.deltas | other.deltas)
    check(folder, {"one": both}, {"one": 1.0}, [(both, 1.0)])


def test_diffusers_own_layout_draws_the_same_bits(folder: ModelFolder, pairs: Pairs) -> None:
    """Where diffusers loads a file in the same way, the picture is equal bit for bit: at other scales, and with an alpha in the
    file's header.
    """
    layers = layouts.denoiser_layers(layouts.UNET + layouts.CONVOLUTIONS)
    written = write(pairs, layers, layouts.diffusers, rank=4)
    settings = {"r": 4, "lora_alpha": 6, "target_modules": [path for _, path in layers]}
    header = {"lora_adapter_metadata": json.dumps({f"unet.{name}": value for name, value in settings.items()})}
    save(folder, "plain", written.tensors)
    save(folder, "described", written.tensors, metadata={"format": "pt", **header})
    models = folder.open({"plain": ["sd15"], "described": ["sd15"]})
    for name in ("plain", "described"):
        pipeline = folder.plain("sd15")
        pipeline.load_lora_weights(folder.path, weight_name=f"{name}.safetensors", adapter_name=name)
        for scale in (1.0, 0.4):
            pipeline.set_adapters([name], [scale])
            wanted = request("sd15", [(name, scale)], num_inference_steps=STEPS)
            assert Render(models, "sd15", wanted).latents.equal(draw_plainly(pipeline, wanted))
    models.close()


@pytest.mark.parametrize(
    ("settings", "strength"),
    [
        ({"r": 4, "lora_alpha": 8}, 2.0),
        ({"r": 4, "lora_alpha": 8, "use_rslora": True}, 4.0),
        ({"r": 4, "lora_alpha": 4, "alpha_pattern": {"attn1.to_v": 2}}, 0.5),
    ],
)
def test_pefts_settings_count(folder: ModelFolder, pairs: Pairs, settings: dict[str, Any], strength: float) -> None:
    """`adapter_config.json` beside `adapter_model.safetensors` says how strongly the adapter works."""
    written = write(pairs, [LINEAR], layouts.peft, rank=4)
    save(folder, "adapter_model", written.tensors)
    beside = folder.path / "adapter_config.json"
    beside.write_text(json.dumps({"peft_type": "LORA", **settings}))
    try:
        check(folder, {"adapter_model": written}, {"adapter_model": 0.5}, [(written, 0.5 * strength)])
    finally:
        beside.unlink()


def refusal(folder: ModelFolder, model: str = "sd15") -> str:
    models = folder.open({"bad": [model]})
    with pytest.raises(ModelUnavailable, match="'bad'") as caught:
        Render(models, model, request(model, [("bad", 1.0)], num_inference_steps=1))
    models.close()
    return caught.value.message


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
    folder: ModelFolder, pairs: Pairs, added: dict[str, torch.Tensor], removed: list[str], reason: str
) -> None:
    """The job's message has the true reason, with the layer's name as the file has it."""
    tensors = write(pairs, [LINEAR], layouts.kohya, rank=4).tensors
    tensors = {name: each for name, each in tensors.items() if name not in [f"{START}.{end}" for end in removed]}
    save(folder, "bad", tensors | {f"{START}.{end}": each for end, each in added.items()})

    assert re.search(reason, refusal(folder))


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
    folder: ModelFolder, tensors: dict[str, torch.Tensor], reason: str
) -> None:
    """The same for what is no adapter, or none of this model."""
    save(folder, "bad", tensors)
    assert reason in refusal(folder)


def test_a_lokr_is_divided_only_at_its_borders(folder: ModelFolder) -> None:
    """A LoKr of FLUX's fused layers is divided if its blocks end where the layers do, and refused otherwise."""
    pipeline = folder.plain("flux-dev")
    pairs = Pairs(pipeline)
    parts = [f"transformer_blocks.0.attn.{name}" for name in ("to_q", "to_k", "to_v")]
    width = pairs.weight(("transformer", parts[0])).shape[0]
    name = "diffusion_model.double_blocks.0.img_attn.qkv"
    small, large = pairs.noise(3, 1), pairs.noise(width, width)
    delta = torch.kron(small, large)
    save(folder, "bad", {f"{name}.lokr_w1": small, f"{name}.lokr_w2": large})
    models = folder.open({"bad": ["flux-dev"]})
    wanted = request("flux-dev", [("bad", 1.0)], num_inference_steps=STEPS)
    merge(pipeline, {("transformer", part): rows for part, rows in zip(parts, torch.split(delta, width), strict=True)})
    assert difference(draw_plainly(pipeline, wanted), Render(models, "flux-dev", wanted).latents) <= 1e-5
    models.close()

    save(folder, "bad", {f"{name}.lokr_w1": pairs.noise(2, 1), f"{name}.lokr_w2": pairs.noise(3 * width // 2, width)})
    assert "its Kronecker product cannot be divided there" in refusal(folder, "flux-dev")
