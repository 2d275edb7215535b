"""Load what a model's section names beside its own weights, each extra in the way of its key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import AutoPipelineForText2Image

from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.extras.ip_adapter import add_ip_adapter
from worker.rendering.models.extras.plan import choose_extra_variant, read_extra_config
from worker.rendering.models.extras.textual_inversions import add_textual_inversions
from worker.rendering.models.plan_load import LoadPlan
from worker.rendering.modules.list_denoisers import list_denoisers

#: The classes that look at the pictures of an IP-Adapter.
_IMAGE_ENCODERS = frozenset({"CLIPVisionModelWithProjection"})

#: The settings of denoisers that say how wide the text embeddings are that they read.
_TEXT_WIDTHS = ("cross_attention_dim", "joint_attention_dim")


def load_components(
    plan: LoadPlan, shared: Mapping[str, torch.nn.Module], device_map: str | None
) -> dict[str, torch.nn.Module]:
    """The extras that take the place of a component, by the component's name, but for those that are `shared`.

    Raises ModelUnavailable, naming the extra, if it is of another class than the model needs.
    """
    loaded: dict[str, torch.nn.Module] = {}
    extras = plan.files.extras
    if "vae" in extras and "vae" not in shared:
        loaded["vae"] = _load_folder(plan, extras["vae"], _find_vae_class(plan, extras["vae"]), device_map)
    if "ip_adapter" in extras and "image_encoder" not in shared:
        folder = extras["ip_adapter.image_encoder"]
        loaded["image_encoder"] = _load_folder(plan, folder, _find_image_encoder_class(folder), device_map)
    return loaded


def add_extras(pipeline: Any, plan: LoadPlan, device_map: str | None) -> Any:
    """The pipeline with the other extras in it: a new object if it gets ControlNets. Raises ModelUnavailable, naming the extra."""
    extras = plan.files.extras
    if "ip_adapter" in extras:
        add_ip_adapter(pipeline, extras["ip_adapter"])
    if words := _of_key(extras, "textual_inversions"):
        add_textual_inversions(pipeline, words)
    controlnets = _of_key(extras, "controlnet")
    if not controlnets:
        return pipeline
    loaded = [
        _load_folder(plan, path, _find_controlnet_class(name, path), device_map) for name, path in controlnets.items()
    ]
    for name, net in zip(controlnets, loaded, strict=True):
        _refuse_stranger(name, net, pipeline)
    return AutoPipelineForText2Image.from_pipe(pipeline, controlnet=loaded if len(loaded) > 1 else loaded[0])


def _of_key(extras: Mapping[str, Path], key: str) -> dict[str, Path]:
    return {name: path for name, path in extras.items() if name.partition(".")[0] == key}


def _load_folder(plan: LoadPlan, folder: Path, component_class: Any, device_map: str | None) -> torch.nn.Module:
    loaded: torch.nn.Module = component_class.from_pretrained(
        folder,
        dtype=plan.files.dtype,
        variant=choose_extra_variant(folder),
        use_safetensors=True,
        local_files_only=True,
        device_map=device_map,
    )
    return loaded


def _find_controlnet_class(name: str, folder: Path) -> Any:
    class_name = str(read_extra_config(folder).get("_class_name"))
    if "ControlNet" not in class_name or not hasattr(diffusers, class_name):
        raise ModelUnavailable(f"{name}: it is a {class_name}, not a ControlNet of diffusers")
    return getattr(diffusers, class_name)


def _refuse_stranger(name: str, net: Any, pipeline: Any) -> None:
    """Raises ModelUnavailable if the ControlNet reads text of another width than the model's denoiser."""
    denoisers: list[Any] = [*list_denoisers(pipeline).values()]
    for denoiser in denoisers:
        for key in _TEXT_WIDTHS:
            own, taken = net.config.get(key), denoiser.config.get(key)
            if None not in {own, taken} and own != taken:
                raise ModelUnavailable(
                    f"{name}: it was made for another model: its {key} is {own}, and the model's {taken}"
                )


def _find_vae_class(plan: LoadPlan, folder: Path) -> Any:
    own = (plan.model_index.get("vae") or [None, None])[1]
    config = read_extra_config(folder)
    if own is None or config.get("_class_name") != own:
        raise ModelUnavailable(f"vae: it is a {config.get('_class_name')}, and the model takes a {own}")
    own_config = plan.files.source / "vae" / "config.json"
    if own_config.is_file():
        given, taken = config.get("latent_channels"), read_extra_config(own_config.parent).get("latent_channels")
        if given != taken:
            raise ModelUnavailable(f"vae: its latents have {given} channels, and the model's {taken}")
    return getattr(diffusers, own)


def _find_image_encoder_class(folder: Path) -> Any:
    [name, *_] = read_extra_config(folder).get("architectures") or [None]
    if name not in _IMAGE_ENCODERS:
        raise ModelUnavailable(f"ip_adapter.image_encoder: it is a {name}, not a {' or a '.join(_IMAGE_ENCODERS)}")
    return getattr(transformers, name)
