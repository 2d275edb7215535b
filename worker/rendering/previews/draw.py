"""From a step of a render to a small picture."""

from __future__ import annotations

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
from worker.rendering.previews.colours import LatentColours, fit_colours
from worker.rendering.previews.estimate import StepTaken
from worker.rendering.previews.unpack import to_autoencoder, unpack_latents

_log = structlog.get_logger()


class Painter:
    """Draws previews, and keeps the colours of each autoencoder that it has drawn for. For one thread."""

    def __init__(self) -> None:
        #: By autoencoder, for as long as its model is loaded.
        self._colours: WeakKeyDictionary[Any, LatentColours] = WeakKeyDictionary()
        self._tiny: WeakKeyDictionary[Any, AutoencoderTiny | None] = WeakKeyDictionary()

    @torch.inference_mode()
    def draw(self, taken: StepTaken, pipeline: Any, width: int, height: int, tiny: Path | None) -> Image.Image:
        """The picture at the latents' size, or larger. Raises if this pipeline's latents cannot be drawn."""
        latents = unpack_latents(pipeline, taken.estimate(), width=width, height=height)
        decoder = self._find_tiny(pipeline.vae, tiny) if tiny is not None else None
        if decoder is not None:
            picture = decoder.decode(latents.to(decoder.dtype), return_dict=False)[0][0].float().cpu()
            colours = np.moveaxis((picture.clamp(-1, 1) / 2 + 0.5).numpy(), 0, -1)
        else:
            given = to_autoencoder(pipeline.vae, latents)[0].cpu().numpy()
            colours = self._colours_of(pipeline, latents).draw(given)
        return Image.fromarray((colours * 255).round().astype(np.uint8))

    def _colours_of(self, pipeline: Any, latents: torch.Tensor) -> LatentColours:
        if pipeline.vae not in self._colours:
            self._colours[pipeline.vae] = fit_colours(
                pipeline, channels=latents.shape[1], has_frames=_wants_frames(pipeline.vae)
            )
        return self._colours[pipeline.vae]

    def _find_tiny(self, autoencoder: Any, folder: Path) -> AutoencoderTiny | None:
        if autoencoder not in self._tiny:
            self._tiny[autoencoder] = _load_tiny(folder, autoencoder)
        return self._tiny[autoencoder]


def _wants_frames(autoencoder: Any) -> bool:
    """Whether the autoencoder is one for videos, which takes a picture as a video of one frame."""
    return any(isinstance(module, torch.nn.Conv3d) for module in autoencoder.modules())


def _load_tiny(folder: Path, autoencoder: Any) -> AutoencoderTiny | None:
    try:
        with building_modules():
            tiny = AutoencoderTiny.from_pretrained(folder, use_safetensors=True, local_files_only=True)
        return tiny.to(autoencoder.device, autoencoder.dtype)
    except Exception as error:  # noqa: BLE001  (files can be missing or broken in many ways; there is a fallback)
        _log.warning("tiny_autoencoder_not_loaded", folder=str(folder), error=describe_error(error))
        return None
