"""From a step of a render to a small picture."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import structlog
import torch
from diffusers import AutoencoderTiny
from PIL import Image

from core.logs import describe_error
from worker.rendering.modules.build_alone import building_modules
from worker.rendering.modules.list_schedulers import find_last_scheduler
from worker.rendering.modules.offloading import device_freed, is_offloaded
from worker.rendering.previews.colours import LatentColours, fit_colours
from worker.rendering.previews.estimate import StepTaken
from worker.rendering.previews.unpack import to_autoencoder, unpack_latents

_log = structlog.get_logger()


class Painter:
    """Draws previews, and keeps the colours of each autoencoder that it has drawn for.

    `draw` is for one thread, which has no turn with a model: it never uses an autoencoder that is offloaded. What it needs of
    one is made by `prepare`, in the thread of a job whose turn it is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: By autoencoder, for as long as its model is loaded.
        self._colours: WeakKeyDictionary[Any, LatentColours] = WeakKeyDictionary()
        self._tiny: WeakKeyDictionary[Any, AutoencoderTiny | None] = WeakKeyDictionary()

    def prepare(self, pipeline: Any, tiny: Path | None) -> None:
        """Find out how the pipeline's latents are drawn, if its autoencoder can be used only now. Raises if they cannot be."""
        if not is_offloaded(pipeline.vae):
            return
        device = pipeline._execution_device  # noqa: SLF001
        if tiny is None or self._find_tiny(pipeline.vae, tiny, device) is None:
            with device_freed(pipeline):
                self._find_colours(pipeline, channels=None)

    @torch.inference_mode()
    def draw(self, taken: StepTaken, pipeline: Any, width: int, height: int, tiny: Path | None) -> Image.Image:
        """The picture at the latents' size, or larger. Raises if this pipeline's latents cannot be drawn."""
        latents = unpack_latents(pipeline, taken.estimate(find_last_scheduler(pipeline)), width=width, height=height)
        decoder = self._find_tiny(pipeline.vae, tiny, latents.device) if tiny is not None else None
        if decoder is not None:
            picture = decoder.decode(latents.to(decoder.dtype), return_dict=False)[0][0].float().cpu()
            colours = np.moveaxis((picture.clamp(-1, 1) / 2 + 0.5).numpy(), 0, -1)
        else:
            given = to_autoencoder(pipeline.vae, latents)[0].cpu().numpy()
            colours = self._find_colours(pipeline, channels=latents.shape[1]).draw(given)
        return Image.fromarray((colours * 255).round().astype(np.uint8))

    def _find_colours(self, pipeline: Any, *, channels: int | None) -> LatentColours:
        with self._lock:
            known = self._colours.get(pipeline.vae)
        if known is None:
            known = fit_colours(pipeline, channels=channels, has_frames=_wants_frames(pipeline.vae))
            with self._lock:
                self._colours[pipeline.vae] = known
        return known

    def _find_tiny(self, autoencoder: Any, folder: Path, device: torch.device) -> AutoencoderTiny | None:
        with self._lock:
            if autoencoder in self._tiny:
                return self._tiny[autoencoder]
        tiny = _load_tiny(folder, device, autoencoder.dtype)
        with self._lock:
            self._tiny[autoencoder] = tiny
        return tiny


def _wants_frames(autoencoder: Any) -> bool:
    """Whether the autoencoder is one for videos, which takes a picture as a video of one frame."""
    return any(isinstance(module, torch.nn.Conv3d) for module in autoencoder.modules())


def _load_tiny(folder: Path, device: torch.device, dtype: torch.dtype) -> AutoencoderTiny | None:
    try:
        with building_modules():
            tiny = AutoencoderTiny.from_pretrained(folder, use_safetensors=True, local_files_only=True)
        return tiny.to(device, dtype)
    except Exception as error:  # noqa: BLE001  (files can be missing or broken in many ways; there is a fallback)
        _log.warning("tiny_autoencoder_not_loaded", folder=str(folder), error=describe_error(error))
        return None
