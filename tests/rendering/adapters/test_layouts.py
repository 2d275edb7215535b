"""A LoRA draws the same in every layout in which LoRAs are published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import torch

from bench.tiny_families.every import EVERY_FAMILY
from tests.rendering.adapters import layouts
from tests.rendering.adapters.deltas import Pairs, Written, merged
from tests.rendering.adapters.layouts import CONVOLUTIONS, UNET, Naming, denoiser_layers, encoder_layers, fused, write
from tests.rendering.adapters.tiny_loras import ModelFolder, Render, difference, draw_plainly, request
from worker.rendering.models import Models

STEPS = 2

_DOTTED = (".lora_A.weight", ".lora_B.weight")
_KOHYA = (".lora_down.weight", ".lora_up.weight")
_ATTENTION = ("to_q", "to_k", "to_v")
_ADDED = ("add_q_proj", "add_k_proj", "add_v_proj")


#: Whose layers have two names.
FAMILIES = (
    *("sd15", "sdxl", "sd3", "flux-dev", "flux2-klein", "qwen-image", "z-image"),
    *("lumina-2", "ideogram-4", "krea-2"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A tiny model of each family."""
    return ModelFolder(tmp_path_factory.mktemp("layouts"), {family: family for family in FAMILIES})


@pytest.fixture(scope="module")
def models(folder: ModelFolder) -> Iterator[Models]:
    """The models as a worker has them, with a LoRA that fits all of them: the file that a test writes."""
    models = folder.open({"one": FAMILIES})
    yield models
    models.close()


@pytest.fixture(scope="module")
def draw_before(models: Models) -> Callable[[str], torch.Tensor]:
    """Draws without any LoRA, before the model has had one."""
    return cache(lambda family: Render(models, family, request(family, num_inference_steps=STEPS)).latents)


@pytest.fixture
def draws_as_merged(
    folder: ModelFolder, models: Models, draw_before: Callable[[str], torch.Tensor]
) -> Callable[..., None]:
    """Checks that jobs with the file draw what diffusers draws with the deltas in the model's own weights, at two scales."""

    def check(family: str, written: Written, *, tolerance: float = 1e-5) -> None:
        before = draw_before(family)
        folder.write_lora("one", written.tensors)
        for scale in (1.0, -0.5):
            wanted = request(family, [("one", scale)], num_inference_steps=STEPS)
            plainly = wanted | dict(EVERY_FAMILY[family].bare_call)
            with merged(folder.shared(family), written.deltas, scale) as pipeline:
                expected = draw_plainly(pipeline, plainly)
            drawn = Render(models, family, wanted).latents
            assert difference(expected, drawn) <= tolerance
            assert difference(before, drawn) > 10 * tolerance
        assert Render(models, family, request(family, num_inference_steps=STEPS)).latents.equal(before)
        models.load(family).adapters.unload_all()

    return check


@pytest.mark.parametrize(
    ("naming", "encoders"),
    [
        (layouts.diffusers, True),
        (layouts.old_diffusers, True),
        (layouts.peft, False),
        (layouts.bare, False),
        (layouts.named_adapter, False),
        (layouts.kohya, True),
        (layouts.comfy, True),
        (layouts.lycoris, True),
        (layouts.one_trainer, True),
    ],
)
def test_layouts_of_stable_diffusion(
    folder: ModelFolder, draws_as_merged: Callable[..., None], naming: Naming, *, encoders: bool
) -> None:
    """Linear layers and convolutions, of the denoiser and of the text encoder."""
    layers = denoiser_layers(UNET + CONVOLUTIONS) + (encoder_layers("text_encoder") if encoders else [])
    draws_as_merged("sd15", write(Pairs(folder.shared("sd15")), layers, naming))


@pytest.mark.parametrize("naming", [layouts.kohya_xl, layouts.comfy, layouts.one_trainer])
def test_layouts_of_sdxl(folder: ModelFolder, draws_as_merged: Callable[..., None], naming: Naming) -> None:
    """The first implementation's names, and two text encoders."""
    layers = denoiser_layers(UNET + CONVOLUTIONS) + encoder_layers("text_encoder", "text_encoder_2")
    draws_as_merged("sdxl", write(Pairs(folder.shared("sdxl")), layers, naming))


def _attention(start: str, names: tuple[str, ...]) -> list[str]:
    return [f"{start}.{name}" for name in names]


#: FLUX.1's layers as its first implementation calls them.
FLUX: dict[str, Any] = {
    "double_blocks.0.img_attn.qkv": _attention("transformer_blocks.0.attn", _ATTENTION),
    "double_blocks.0.txt_attn.qkv": _attention("transformer_blocks.0.attn", _ADDED),
    "double_blocks.0.img_attn.proj": "transformer_blocks.0.attn.to_out.0",
    "double_blocks.0.txt_attn.proj": "transformer_blocks.0.attn.to_add_out",
    "double_blocks.0.img_mlp.0": "transformer_blocks.0.ff.net.0.proj",
    "double_blocks.0.txt_mlp.2": "transformer_blocks.0.ff_context.net.2",
    "double_blocks.0.img_mod.lin": "transformer_blocks.0.norm1.linear",
    "double_blocks.0.txt_mod.lin": "transformer_blocks.0.norm1_context.linear",
    "single_blocks.0.linear1": [
        *_attention("single_transformer_blocks.0.attn", _ATTENTION),
        "single_transformer_blocks.0.proj_mlp",
    ],
    "single_blocks.0.linear2": "single_transformer_blocks.0.proj_out",
    "single_blocks.0.modulation.lin": "single_transformer_blocks.0.norm.linear",
    "img_in": "x_embedder",
    "txt_in": "context_embedder",
    "time_in.in_layer": "time_text_embed.timestep_embedder.linear_1",
    "guidance_in.out_layer": "time_text_embed.guidance_embedder.linear_2",
    "final_layer.linear": "proj_out",
}
XLABS: dict[str, Any] = {
    "double_blocks.0.processor.qkv_lora1": _attention("transformer_blocks.0.attn", _ATTENTION),
    "double_blocks.0.processor.qkv_lora2": _attention("transformer_blocks.0.attn", _ADDED),
    "double_blocks.0.processor.proj_lora1": "transformer_blocks.0.attn.to_out.0",
    "double_blocks.0.processor.proj_lora2": "transformer_blocks.0.attn.to_add_out",
    "single_blocks.0.processor.qkv_lora": _attention("single_transformer_blocks.0.attn", _ATTENTION),
    "single_blocks.0.processor.proj_lora": "single_transformer_blocks.0.proj_out",
}


def _start(start: str, layers: Mapping[str, Any]) -> dict[str, Any]:
    return {start + name: paths for name, paths in layers.items()}


def _underscored(start: str, layers: Mapping[str, Any]) -> dict[str, Any]:
    return {start + name.replace(".", "_"): paths for name, paths in layers.items()}


def _one_trainer_flux() -> dict[str, Any]:
    """OneTrainer's newer layout numbers the parts of a fused layer."""
    return {
        **_start(
            "transformer.double_blocks.0.img_attn.qkv.",
            {str(n): FLUX["double_blocks.0.img_attn.qkv"][n] for n in range(3)},
        ),
        **_start(
            "transformer.single_blocks.0.linear1.", {str(n): FLUX["single_blocks.0.linear1"][n] for n in range(4)}
        ),
        "transformer.img_in.proj": "x_embedder",
    }


def _own(layers: Mapping[str, Any]) -> dict[str, Any]:
    paths = [path for each in layers.values() for path in ([each] if isinstance(each, str) else each)]
    return {path: path for path in paths}


@pytest.mark.parametrize(
    ("layers", "ends", "alpha"),
    [
        (_underscored("lora_unet_", FLUX), _KOHYA, ".alpha"),
        (_start("diffusion_model.", FLUX), _DOTTED, None),
        (_start("diffusion_model.", FLUX), _KOHYA, ".alpha"),
        (_start("base_model.model.", FLUX), _DOTTED, None),
        (XLABS, (".down.weight", ".up.weight"), None),
        (_start("transformer.", _own(FLUX)), _DOTTED, None),
        (_underscored("lora_transformer_", _own(FLUX)), _KOHYA, ".alpha"),
        (_underscored("lycoris_", _own(FLUX)), _KOHYA, ".alpha"),
        (_one_trainer_flux(), _KOHYA, ".alpha"),
    ],
    ids=["kohya", "comfy", "comfy-alpha", "fal", "xlabs", "diffusers", "one-trainer-legacy", "lycoris", "one-trainer"],
)
def test_layouts_of_flux(
    folder: ModelFolder,
    draws_as_merged: Callable[..., None],
    layers: dict[str, Any],
    ends: tuple[str, str],
    alpha: str | None,
) -> None:
    """Fused layers are divided; what the file calls one layer is up to four here."""
    draws_as_merged("flux-dev", fused(Pairs(folder.shared("flux-dev")), "transformer", layers, ends, alpha))


def test_a_swapped_modulation(folder: ModelFolder, draws_as_merged: Callable[..., None]) -> None:
    """FLUX's last modulation has shift and scale the other way round in diffusers."""
    layer = {"diffusion_model.final_layer.adaLN_modulation.1": "norm_out.linear"}
    written = fused(Pairs(folder.shared("flux-dev")), "transformer", layer, _DOTTED)
    [(place, delta)] = written.deltas.items()
    written.deltas[place] = torch.cat(delta.chunk(2)[::-1])
    draws_as_merged("flux-dev", written)


@pytest.mark.parametrize("second", ["lora_te2", "lora_te3"])
def test_text_encoders_of_flux(folder: ModelFolder, draws_as_merged: Callable[..., None], second: str) -> None:
    """The CLIP is the first for everybody; sd-scripts call the T5 the third, OneTrainer the second."""
    pairs = Pairs(folder.shared("flux-dev"))
    written = fused(
        pairs,
        "text_encoder",
        {"lora_te1_text_model_encoder_layers_0_self_attn_q_proj": "encoder.layers.0.self_attn.q_proj"},
        _KOHYA,
    )
    t5 = {f"{second}_encoder_block_0_layer_0_SelfAttention_q": "encoder.block.0.layer.0.SelfAttention.q"}
    other = fused(pairs, "text_encoder_2", t5, _KOHYA)
    draws_as_merged("flux-dev", Written(written.tensors | other.tensors, written.deltas | other.deltas))


@pytest.mark.parametrize(
    ("family", "layers"),
    [
        (
            "flux2-klein",
            {
                "diffusion_model.double_blocks.0.img_attn.qkv": _attention("transformer_blocks.0.attn", _ATTENTION),
                "diffusion_model.double_blocks.0.img_mlp.0": "transformer_blocks.0.ff.linear_in",
                "diffusion_model.single_blocks.0.linear1": "single_transformer_blocks.0.attn.to_qkv_mlp_proj",
                "diffusion_model.single_blocks.0.linear2": "single_transformer_blocks.0.attn.to_out",
            },
        ),
        (
            "z-image",
            {
                "diffusion_model.layers.0.attention.qkv": _attention("layers.0.attention", _ATTENTION),
                "diffusion_model.noise_refiner.0.attention.out": "noise_refiner.0.attention.to_out.0",
                "diffusion_model.layers.1.feed_forward.w1": "layers.1.feed_forward.w1",
            },
        ),
        (
            "sd3",
            {
                "diffusion_model.joint_blocks.0.x_block.attn.qkv": _attention("transformer_blocks.0.attn", _ATTENTION),
                "diffusion_model.joint_blocks.0.context_block.attn.qkv": _attention(
                    "transformer_blocks.0.attn", _ADDED
                ),
                "diffusion_model.joint_blocks.1.x_block.mlp.fc1": "transformer_blocks.1.ff.net.0.proj",
                "diffusion_model.joint_blocks.0.context_block.adaLN_modulation.1": "transformer_blocks.0.norm1_context.linear",
            },
        ),
        (
            "qwen-image",
            {
                "diffusion_model.transformer_blocks.0.attn.to_q": "transformer_blocks.0.attn.to_q",
                "diffusion_model.transformer_blocks.1.img_mlp.net.2": "transformer_blocks.1.img_mlp.net.2",
                "diffusion_model.img_in": "img_in",
            },
        ),
        (
            "lumina-2",
            {
                "diffusion_model.layers.0.attention.qkv": _attention("layers.0.attn", _ATTENTION),
                "diffusion_model.noise_refiner.0.attention.out": "noise_refiner.0.attn.to_out.0",
                "diffusion_model.context_refiner.0.feed_forward.w2": "context_refiner.0.feed_forward.linear_2",
                "diffusion_model.layers.1.adaLN_modulation.1": "layers.1.norm1.linear",
            },
        ),
        (
            "ideogram-4",
            {
                "conditional_transformer.layers.0.attention.qkv": _attention("layers.0.attention", _ATTENTION),
                "conditional_transformer.layers.1.attention.o": "layers.1.attention.to_out.0",
                "diffusion_model.layers.0.feed_forward.w1": "layers.0.feed_forward.w1",
                "diffusion_model.layers.1.adaln_modulation": "layers.1.adaln_modulation",
            },
        ),
        (
            "krea-2",
            {
                "diffusion_model.blocks.0.attn.wq": "transformer_blocks.0.attn.to_q",
                "diffusion_model.blocks.1.attn.wo": "transformer_blocks.1.attn.to_out.0",
                "diffusion_model.blocks.1.attn.gate": "transformer_blocks.1.attn.to_gate",
                "diffusion_model.blocks.0.mlp.down": "transformer_blocks.0.ff.down",
                "diffusion_model.txtfusion.layerwise_blocks.0.mlp.up": "text_fusion.layerwise_blocks.0.ff.up",
                "diffusion_model.txtfusion.refiner_blocks.0.attn.wv": "text_fusion.refiner_blocks.0.attn.to_v",
                "base_model.model.txtfusion.projector": "text_fusion.projector",
                "base_model.model.first": "img_in",
                "base_model.model.last.linear": "final_layer.linear",
                "base_model.model.tmlp.2": "time_embed.linear_2",
                "base_model.model.tproj.1": "time_mod_proj",
                "base_model.model.txtmlp.1": "txt_in.linear_1",
            },
        ),
    ],
)
def test_layouts_of_other_families(
    folder: ModelFolder, draws_as_merged: Callable[..., None], family: str, layers: dict[str, Any]
) -> None:
    """ComfyUI's names of other transformers."""
    draws_as_merged(family, fused(Pairs(folder.shared(family)), "transformer", layers, _DOTTED))
