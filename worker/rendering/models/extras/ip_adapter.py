"""An IP-Adapter in a model's denoiser: its weights, and how strongly it works in the next forward."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import safe_open

from worker.rendering.batching.batch_job import AdapterSet
from worker.rendering.errors import ModelUnavailable
from worker.rendering.modules.list_denoisers import list_denoisers

#: Its name in the set of adapters of a job.
IP_ADAPTER = "ip_adapter"

#: Projections of what CLIP sees in a picture: of IP-Adapter, of Full Face, of Plus and of FLUX.1's. Those of a FaceID have others:
#: it looks at what another program found in the picture.
_OF_PICTURES = {
    "image_proj.proj.weight",
    "image_proj.proj.3.weight",
    "image_proj.latents",
    "ip_adapter_proj_model.proj.weight",
}


def add_ip_adapter(pipeline: Any, file: Path) -> None:
    """Put the weights into the pipeline's denoiser; its image encoder is there. Raises ModelUnavailable for weights of another
    kind.
    """
    with safe_open(file, framework="pt") as content:
        names = set(content.keys())
    if not any(name.startswith(("image_proj.", "ip_adapter_proj_model.")) for name in names):
        raise ModelUnavailable(f"ip_adapter: {file.name} has no weights of an IP-Adapter")
    if not names & _OF_PICTURES or "image_proj.perceiver_resampler.proj_in.weight" in names:
        raise ModelUnavailable(f"ip_adapter: {file.name} is a FaceID, which needs faces that another program has read")
    parameters = inspect.signature(pipeline.load_ip_adapter).parameters
    # Neither is loaded anew: the image encoder is a component already.
    encoder = next(name for name in parameters if name.startswith("image_encoder") and not name.endswith("subfolder"))
    try:
        pipeline.load_ip_adapter(
            str(file.parent), subfolder="", weight_name=file.name, local_files_only=True, **{encoder: None}
        )
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(f"ip_adapter: {file.name} does not fit the model's denoiser") from error


def build_switch(pipeline: Any, activate: Callable[[AdapterSet], None]) -> Callable[[AdapterSet], None]:
    """Returns a function that sets the scale of the pipeline's IP-Adapter, if it has one, to that of a job's set, and hands the
    others of the set to `activate`. It is called between two forwards.
    """
    processors = [
        processor
        for denoiser in list_denoisers(pipeline).values()
        for processor in getattr(denoiser, "attn_processors", {}).values()
        if hasattr(processor, "to_k_ip")
    ]
    if not processors:
        return activate

    def switch(adapters: AdapterSet) -> None:
        scale = dict(adapters).get(IP_ADAPTER, 0.0)
        for processor in processors:
            processor.scale = [scale] * len(processor.to_k_ip)
        activate(tuple((name, value) for name, value in adapters if name != IP_ADAPTER))

    return switch


def has_ip_adapter(pipeline: Any) -> bool:
    """Whether the pipeline's denoiser has one, and so cannot do without a picture."""
    return any(
        getattr(getattr(denoiser, "config", None), "encoder_hid_dim_type", None) == "ip_image_proj"
        for denoiser in list_denoisers(pipeline).values()
    )
