"""The speed switches of a catalog entry, applied to a pipeline that was just loaded."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers.models.attention_dispatch import AttentionBackendName, _check_attention_backend_requirements

from core.catalog import ModelEntry
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.regional_compilation import compile_blocks
from worker.rendering.modules.list_denoisers import list_autoencoders, list_denoisers

#: Attention backends that run on a CPU; every other one is a GPU's.
_CPU_BACKENDS = frozenset({"native", "_native_math", "flex"})

#: Of the weights of a convolution of images: output channels, input channels, height, width.
_IMAGE_AXES = 4


def refuse_impossible_switches(entry: ModelEntry, device: torch.device) -> None:
    """Raises ModelUnavailable, naming the switch, if one cannot work on this device or together with another one."""
    refuse_switches_together(entry)
    on_cpu = device.type == "cpu"
    backend = entry.attention_backend
    if entry.offload != "none" and on_cpu:
        raise _refusal("offload", "moves weights between a GPU and main memory, and here is no GPU")
    if entry.quantisation != "none" and importlib.util.find_spec("torchao") is None:
        raise _refusal("quantisation", "needs torchao: install darkroom-server[quantise]")
    if entry.layerwise_casting and device.type == "mps":
        raise _refusal("layerwise_casting", "stores weights as fp8, which this device does not have")
    if entry.compile != "off" and not _has_compiler(device):
        raise _refusal("compile", "needs a C++ compiler on a CPU, triton and a C compiler on a GPU")
    if backend is not None and on_cpu and backend not in _CPU_BACKENDS:
        raise _refusal("attention_backend", f"= {backend!r} needs a GPU")


def refuse_switches_together(entry: ModelEntry) -> None:
    """Raises ModelUnavailable, naming both, if two of the entry's switches do not go together on any device."""
    if entry.offload != "none" and entry.quantisation != "none":
        raise _refusal("offload", f"does not go together with quantisation = {entry.quantisation!r}")
    if entry.compile != "off" and entry.offload == "group":
        raise _refusal(
            "compile", "does not go together with offload = 'group', whose hooks are within the compiled blocks"
        )
    if entry.compile != "off" and entry.layerwise_casting:
        raise _refusal(
            "compile", "does not go together with layerwise_casting, whose hooks are within the compiled blocks"
        )


def can_run_side_by_side(entry: ModelEntry) -> bool:
    """Whether the denoiser can run for two groups of jobs at the same time: not if a forward changes or moves its weights, or
    may be compiled.
    """
    return not entry.layerwise_casting and entry.offload == "none" and entry.compile == "off"


def apply_switches(pipeline: Any, entry: ModelEntry, device: torch.device, *, model_id: str) -> dict[str, Any]:
    """Turn on the entry's switches and move the pipeline to the device. Returns the switches that change pixels.

    Raises ModelUnavailable, naming the switch, if the model cannot do it.
    """
    if entry.vae_tiling_above_pixels is not None and not any(map(_can_tile, list_autoencoders(pipeline).values())):
        raise _refusal("vae_tiling_above_pixels", "needs a VAE that can decode in tiles")
    if entry.quantisation != "none":
        _each_denoiser(pipeline, "quantisation", lambda denoiser: _quantise(denoiser, entry.quantisation))
    if entry.layerwise_casting:
        _each_denoiser(pipeline, "layerwise_casting", lambda denoiser: denoiser.enable_layerwise_casting())
    if entry.channels_last:
        _lay_out_channels_last([*list_denoisers(pipeline).values(), *list_autoencoders(pipeline).values()])
    if entry.attention_backend is not None:
        backend = entry.attention_backend
        _each_denoiser(pipeline, "attention_backend", lambda denoiser: _set_attention(denoiser, backend))
    try:
        place(pipeline, entry.offload, device)
    except (ValueError, NotImplementedError) as error:
        if entry.offload == "none":
            raise
        raise _refusal("offload", f"does not work with {type(pipeline).__name__}: {error}") from error
    if entry.compile == "regional":
        _each_denoiser(pipeline, "compile", lambda denoiser: compile_blocks(denoiser, model_id))
    return _switches_that_change_pixels(entry)


def place(pipeline: Any, offload: str, device: torch.device) -> None:
    """Move the pipeline to the device, or have its weights moved there as they are needed."""
    if offload == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif offload == "group":
        pipeline.enable_group_offload(
            onload_device=device,
            offload_type="leaf_level",
            use_stream=device.type == "cuda",
            low_cpu_mem_usage=True,  # weights are pinned as they are moved, not all at once
        )
    else:
        pipeline.to(device)


def _switches_that_change_pixels(entry: ModelEntry) -> dict[str, Any]:
    off = {
        "channels_last": False,
        "compile": "off",
        "attention_backend": None,
        "quantisation": "none",
        "layerwise_casting": False,
        "vae_tiling_above_pixels": None,
    }
    values = {name: getattr(entry, name) for name in off}
    return {name: value for name, value in values.items() if value != off[name]}


def _each_denoiser(pipeline: Any, switch: str, apply: Callable[[Any], None]) -> None:
    denoisers = list_denoisers(pipeline).values()
    if not denoisers:
        raise _refusal(
            switch, f"does not work with {type(pipeline).__name__}: no module of it is known to be a denoiser"
        )
    for denoiser in denoisers:
        try:
            apply(denoiser)
        except (AttributeError, ImportError, NotImplementedError, RuntimeError, ValueError) as error:
            raise _refusal(switch, f"does not work with {type(denoiser).__name__}: {error}") from error


def _can_tile(autoencoder: Any) -> bool:
    # Every autoencoder has `enable_tiling`, which raises for one that cannot.
    return hasattr(autoencoder, "use_tiling")


def _lay_out_channels_last(modules: Sequence[torch.nn.Module]) -> None:
    # The layout is one of four dimensions: images. Weights of videos (three-dimensional convolutions) have no such layout.
    weights = [weight for module in modules for weight in module.parameters() if weight.dim() == _IMAGE_AXES]
    if not weights:
        raise _refusal("channels_last", "has nothing to lay out: none of its weights has four dimensions")
    for weight in weights:
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)


def _quantise(denoiser: Any, quantisation: str) -> None:
    from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, quantize_

    quantize_(denoiser, {"int8": Int8WeightOnlyConfig, "fp8": Float8WeightOnlyConfig}[quantisation]())


def _set_attention(denoiser: Any, backend: str) -> None:
    # As diffusers' set_attention_backend does, but without making the backend the default of the whole process, which
    # would change every other model.
    name = AttentionBackendName(backend)
    _check_attention_backend_requirements(name)
    processors: list[Any] = [getattr(module, "processor", None) for module in denoiser.modules()]
    switchable = [processor for processor in processors if hasattr(processor, "_attention_backend")]
    if not switchable:
        raise ValueError("its attention does not go through diffusers' dispatcher")
    for processor in switchable:
        processor._attention_backend = name  # noqa: SLF001


def _has_compiler(device: torch.device) -> bool:
    if device.type == "cpu":
        return any(shutil.which(name) for name in ("g++", "clang++", "c++"))
    # Triton compiles what starts its kernels with CC, clang or gcc, in the first job and not at the load.
    return importlib.util.find_spec("triton") is not None and any(
        shutil.which(name) for name in (os.environ.get("CC") or "clang", "clang", "gcc")
    )


def _refusal(switch: str, reason: str) -> ModelUnavailable:
    return ModelUnavailable(f"its switch {switch} {reason}")
