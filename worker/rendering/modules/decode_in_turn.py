"""Decode latents one image at a time, so that the memory for it does not grow with the number of images in progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import torch
from torch import Tensor, nn

from worker.rendering.cores import get_cores
from worker.rendering.modules.finite_pictures import refuse_overflows

#: Pixels along each side for one latent, if a pipeline does not say.
_USUAL_SCALE = 8

#: Marks an autoencoder that already decodes in turn: models may share one.
_LOCK = "darkroom_decode_lock"

_log = structlog.get_logger()


def serialise_decoding(pipeline: Any, *, tile_above_pixels: int | None = None) -> None:
    """Let the pipeline's autoencoder work for one image at a time, whatever thread calls it. A second call does nothing.

    Each image is decoded from its latents alone, so that it does not depend on other images. Above `tile_above_pixels`
    pixels it is decoded in tiles, which limits the memory further and changes pixels a little at the seams. Encoding takes
    turns with decoding, because some autoencoders keep intermediate results in themselves. The autoencoder's precision is
    set here, once (see `_settle_precision`).
    """
    scale = getattr(pipeline, "vae_scale_factor", None)
    scale = scale if isinstance(scale, int) else _USUAL_SCALE
    for autoencoder in _list_autoencoders(pipeline):
        if not hasattr(autoencoder, _LOCK):
            _settle_precision(autoencoder)
            _take_turns(autoencoder, scale, tile_above_pixels)


def _list_autoencoders(pipeline: Any) -> Iterator[Any]:
    for component in pipeline.components.values():
        if isinstance(component, nn.Module) and callable(getattr(component, "decode", None)):
            yield component


def _settle_precision(autoencoder: Any) -> None:
    """Pipelines raise an autoencoder that overflows in half precision (SDXL's) to float32 for each use, and lower it again:
    with several jobs at once, while another job uses it. So it is raised here, and stays in float32.
    """
    if not getattr(autoencoder.config, "force_upcast", False) or autoencoder.dtype == torch.float32:
        return
    if autoencoder.dtype == torch.float16:
        autoencoder.to(torch.float32)
    move = autoencoder.to

    def move_only(*positional: Any, dtype: torch.dtype | None = None, **named: Any) -> Any:  # noqa: ARG001
        positional = tuple(value for value in positional if not isinstance(value, torch.dtype))
        return move(*positional, **named) if positional or named else autoencoder

    autoencoder.to = move_only


def _take_turns(autoencoder: Any, scale: int, tile_above_pixels: int | None) -> None:
    lock = threading.RLock()
    decode_rows = refuse_overflows(autoencoder)

    def decode(latents: Tensor, *positional: Any, **named: Any) -> Any:
        latents = latents.to(autoencoder.dtype)
        pixels = latents.shape[-2] * latents.shape[-1] * scale * scale
        in_tiles = tile_above_pixels is not None and pixels > tile_above_pixels
        count = len(latents)
        parts = []
        for row in range(count):
            arguments = [_take_row(value, row, count) for value in positional]
            options = {name: _take_row(value, row, count) for name, value in named.items()}
            # Released between two images, so that a job of one image need not wait for a job of many.
            with lock, _tiling(autoencoder, scale, in_tiles=in_tiles):
                get_cores().take()
                parts.append(decode_rows(latents[row : row + 1], *arguments, **options))
        return parts[0] if len(parts) == 1 else _join(parts)

    setattr(autoencoder, _LOCK, lock)
    autoencoder.decode = decode
    encode = getattr(autoencoder, "encode", None)
    if callable(encode):
        autoencoder.encode = _locked(encode, autoencoder, lock)


def _locked(encode: Callable[..., Any], autoencoder: Any, lock: threading.RLock) -> Callable[..., Any]:
    def encode_alone(pixels: Tensor, *positional: Any, **named: Any) -> Any:
        with lock:
            get_cores().take()
            return encode(pixels.to(autoencoder.dtype), *positional, **named)

    return encode_alone


@contextmanager
def _tiling(autoencoder: Any, scale: int, *, in_tiles: bool) -> Iterator[None]:
    """Tiling during the block, if `in_tiles` and the autoencoder can; afterwards it is as before."""
    before = getattr(autoencoder, "use_tiling", None)
    # AutoencoderTiny assumes 8 pixels for a latent, and its tiling fails with any other number.
    can_tile = before is not None and getattr(autoencoder, "spatial_scale_factor", scale) == scale
    if not in_tiles or before or not can_tile:
        if in_tiles and not can_tile:
            _log.warning("decoding_not_tiled", autoencoder=type(autoencoder).__name__)
        yield
        return
    autoencoder.use_tiling = True
    try:
        yield
    finally:
        autoencoder.use_tiling = before


def _take_row(value: Any, row: int, count: int) -> Any:
    """The row's part of an argument that has one for each image (masks, generators); any other argument as it is."""
    has_rows = isinstance(value, Tensor | list) and (not isinstance(value, Tensor) or value.ndim > 0)
    return value[row : row + 1] if has_rows and len(value) == count else value


def _join(parts: list[Any]) -> Any:
    """The images of one call in one object of the kind that each part has: a tensor, a tuple, an output object."""
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(parts)
    if isinstance(first, tuple):
        return tuple(_join(list(values)) for values in zip(*parts, strict=True))
    return type(first)(**{name: _join([part[name] for part in parts]) for name in first})
