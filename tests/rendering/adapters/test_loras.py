"""A LoRA changes a picture exactly as in diffusers alone, and it leaves nothing behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.rendering.adapters.tiny_loras import ModelFolder, Render, difference, draw_plainly, request
from worker.rendering.models import Models
from worker.rendering.prompts import PromptCache

FAMILIES = ("sd15", "sdxl", "flux-dev")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_lora_draws_as_in_diffusers(models: Models, model_folder: ModelFolder, family: str) -> None:
    """One LoRA, at two scales, and two at once: the latents are diffusers' own within 1e-5; a plain job afterwards draws
    the same bits as one before.
    """
    names = [f"{family}-one", f"{family}-two"]
    before = Render(models, family, request(family))
    plain = model_folder.plain(family)
    for name in names:
        plain.load_lora_weights(model_folder.path, weight_name=f"{name}.safetensors", adapter_name=name)

    for chosen in ([(names[0], 1.0)], [(names[0], 0.4)], [(names[0], 0.7), (names[1], -0.5)]):
        wanted = request(family, chosen)
        drawn = Render(models, family, wanted)
        plain.set_adapters([name for name, _ in chosen], [scale for _, scale in chosen])

        assert difference(draw_plainly(plain, wanted), drawn.latents) <= 1e-5
        assert difference(before.latents, drawn.latents) > 1e-3
        assert [(lora["id"], lora["scale"]) for lora in drawn.rendered.loras] == chosen

    after = Render(models, family, request(family))
    assert after.latents.equal(before.latents)
    assert np.array_equal(after.pixels, before.pixels)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_scale_of_zero_is_none(models: Models, family: str) -> None:
    """With a scale of zero the picture is the plain one bit for bit, and the receipt still names the LoRA."""
    plain = Render(models, family, request(family))

    drawn = Render(models, family, request(family, [(f"{family}-one", 0.0)]))

    assert drawn.latents.equal(plain.latents)
    assert len(drawn.rendered.loras[0]["sha256"]) == 64


def test_a_lora_freezes_no_weight_of_the_model(models: Models) -> None:
    """torch multiplies by frozen weights in another way, and a plain job's last bits would depend on earlier jobs."""
    with models.use("sdxl") as model:
        model.adapters.unload_all()
        weights = dict(model.pipeline.unet.named_parameters())
        before = {name for name, weight in weights.items() if weight.requires_grad}

        Render(models, "sdxl", request("sdxl", [("sdxl-one", 1.0)]))

        assert {name for name, weight in weights.items() if weight.requires_grad} == before != set()


def test_prompts_are_kept_apart(models: Models) -> None:
    """The prompt cache keeps encodings with a LoRA apart from encodings without it."""
    cache = PromptCache()
    alone = [Render(models, "sdxl", request("sdxl", [("sdxl-one", scale)])) for scale in (0.0, 1.0, 0.5)]

    cached = [Render(models, "sdxl", request("sdxl", [("sdxl-one", scale)]), cache=cache) for scale in (0.0, 1.0, 0.5)]

    assert all(one.latents.equal(other.latents) for one, other in zip(alone, cached, strict=True))
    assert cache.count == 3
    # Without layers in the text encoders a LoRA does not change their output.
    Render(models, "sdxl", request("sdxl", [("sdxl-two", 1.0)]), cache=cache)
    assert cache.count == 3


def test_a_shared_text_encoder_keeps_models_apart(models: Models) -> None:
    """Of two models with one text encoder, one can draw with a LoRA without changing the other's pictures; both can have the
    same LoRA; and it leaves the text encoder with the model that had it.
    """
    with models.use("sd15") as one, models.use("sd15.copy") as other:
        assert one.pipeline.text_encoder is other.pipeline.text_encoder
        encoder = one.pipeline.text_encoder
    before = Render(models, "sd15.copy", request("sd15"))

    with_lora = Render(models, "sd15", request("sd15", [("sd15-one", 1.0)]))

    assert Render(models, "sd15.copy", request("sd15")).latents.equal(before.latents)
    same = Render(models, "sd15.copy", request("sd15", [("sd15-one", 1.0)]))
    assert same.latents.equal(with_lora.latents)

    one.adapters.unload_all()
    assert Render(models, "sd15.copy", request("sd15", [("sd15-one", 1.0)])).latents.equal(same.latents)
    other.adapters.unload_all()
    # The tiny SDXL has the same text encoder too.
    models.load("sdxl").adapters.unload_all()
    assert [name for name, _ in encoder.named_modules() if "lora" in name] == []
    assert not any("lora" in name for name, _ in one.pipeline.unet.named_parameters())
    assert Render(models, "sd15", request("sd15", [("sd15-one", 1.0)])).latents.equal(with_lora.latents)


def test_kohyas_format_draws_as_in_diffusers(model_folder: ModelFolder) -> None:
    """The format in which most LoRAs are published, with text encoder layers and an alpha, is read as in diffusers."""
    weights = {}
    for name, value in load_file(model_folder.path / "sd15-one.safetensors").items():
        part, _, place = name.removesuffix(".weight").partition(".")
        layer, _, matrix = place.rpartition(".")
        if part == "unet":
            prefix = f"lora_unet_{layer.replace('.', '_')}"
        else:
            prefix = f"lora_te_text_model_{layer.removeprefix('text_model.').replace('.', '_')}"
        weights[f"{prefix}.{'lora_down' if matrix == 'lora_A' else 'lora_up'}.weight"] = value
        weights[f"{prefix}.alpha"] = torch.tensor(2.0)
    save_file(weights, model_folder.path / "kohya.safetensors")
    models = model_folder.open({"kohya": ["sd15"], "sd15-one": ["sd15"]})
    plain = model_folder.plain("sd15")
    plain.load_lora_weights(model_folder.path, weight_name="kohya.safetensors", adapter_name="kohya")
    plain.set_adapters(["kohya"], [0.8])
    wanted = request("sd15", [("kohya", 0.8)])

    drawn = Render(models, "sd15", wanted)

    assert difference(draw_plainly(plain, wanted), drawn.latents) <= 1e-5
    # An alpha of half the rank is half the scale.
    same = Render(models, "sd15", request("sd15", [("sd15-one", 0.4)]))
    assert difference(same.latents, drawn.latents) <= 1e-5
    models.close()
