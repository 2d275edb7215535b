"""Code pictures one at a time, so that the memory for it does not grow with the number of images in progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import structlog
import torch
from torch import Tensor, nn

from worker.rendering.cores import get_cores
from worker.rendering.device_errors import is_device_lost, is_out_of_memory
from worker.rendering.failed_work import free_device_memory, release_frames
from worker.rendering.modules.finite_pictures import refuse_overflows
from worker.rendering.modules.precision import is_raised_by, settle_precision
from worker.rendering.modules.tiles import can_tile, in_tiles, list_smaller_sides, note_tiles

#: Pixels along each side for one latent, if a pipeline does not say.
_USUAL_SCALE = 8

#: Marks an autoencoder that already works in turn: models may share one.
_LOCK = "darkroom_decode_lock"

_log = structlog.get_logger()


def serialise_decoding(pipeline: Any, *, tile_above_pixels: int | None = None) -> None:
    """Let the pipeline's autoencoder work for one image at a time, whatever thread calls it. A second call does nothing.

    Each image is decoded from its latents alone, so that it does not depend on other images. Above `tile_above_pixels`
    pixels it is decoded in tiles, which limits the memory further and changes pixels a little at the seams. If there is
    no memory for an image, to decode or to encode it, it is coded in smaller and smaller tiles, which the job's `Tiles`
    note. Encoding takes turns with decoding, because some autoencoders keep intermediate results in themselves. The
    autoencoder's precision is set here, once (see `settle_precision`).
    """
    scale = getattr(pipeline, "vae_scale_factor", None)
    for autoencoder in _list_autoencoders(pipeline):
        if not hasattr(autoencoder, _LOCK):
            if is_raised_by(type(pipeline)):
                settle_precision(autoencoder)
            _take_turns(autoencoder, scale if isinstance(scale, int) else _USUAL_SCALE, tile_above_pixels)


def _list_autoencoders(pipeline: Any) -> Iterator[Any]:
    for component in pipeline.components.values():
        if isinstance(component, nn.Module) and callable(getattr(component, "decode", None)):
            yield component


def _take_turns(autoencoder: Any, scale: int, tile_above_pixels: int | None) -> None:
    turn = _Turn(autoencoder, scale)
    decode_rows = refuse_overflows(autoencoder)

    def decode(latents: Tensor, *positional: Any, **named: Any) -> Any:
        # The numbers of entries in a codebook stay whole.
        latents = latents.to(autoencoder.dtype) if latents.is_floating_point() else latents
        height, width = latents.shape[-2] * scale, latents.shape[-1] * scale
        is_large = tile_above_pixels is not None and height * width > tile_above_pixels
        count = len(latents)
        parts = []
        for row in range(count):
            arguments = [_take_row(value, row, count) for value in positional]
            options = {name: _take_row(value, row, count) for name, value in named.items()}
            decode_row = partial(decode_rows, latents[row : row + 1], *arguments, **options)
            # A turn for each, so that a job of one image need not wait for a job of many.
            parts.append(turn.work(decode_row, "decoded", side=max(height, width), tiled=is_large))
        return parts[0] if len(parts) == 1 else _join(parts)

    setattr(autoencoder, _LOCK, turn)
    autoencoder.decode = decode
    encode_rows = getattr(autoencoder, "encode", None)
    if callable(encode_rows):

        def encode(pixels: Tensor, *positional: Any, **named: Any) -> Any:
            pixels = pixels.to(autoencoder.dtype)
            encode_all = partial(encode_rows, pixels, *positional, **named)
            return turn.work(encode_all, "encoded", side=max(pixels.shape[-2:]), tiled=False)

        autoencoder.encode = encode


class _Turn:
    """The turns of one autoencoder."""

    def __init__(self, autoencoder: Any, scale: int) -> None:
        self._autoencoder = autoencoder
        self._scale = scale
        self._lock = threading.RLock()

    def work(self, code: Callable[[], Any], what: str, *, side: int, tiled: bool) -> Any:
        """The result of `code`, which codes pictures whose longer side has `side` pixels; in the autoencoder's own tiles if
        `tiled`. If there is no memory for that, in smaller and smaller ones.
        """
        can = can_tile(self._autoencoder, self._scale)
        if tiled and not can:
            _log.warning("decoding_not_tiled", autoencoder=type(self._autoencoder).__name__)
        with self._lock:
            get_cores().take()
            whole = in_tiles(self._autoencoder, self._scale) if tiled and can else nullcontext()
            result, error = _try(code, whole)
            for smaller in list_smaller_sides(side, self._scale) if can else ():
                if error is None:
                    break
                # Outside the `except` block, where the interpreter itself would hold what failed.
                _let_go(error)
                _log.warning(
                    "no_memory_to_code_whole", autoencoder=type(self._autoencoder).__name__, tile_pixels=smaller
                )
                result, error = _try(code, in_tiles(self._autoencoder, self._scale, smaller))
                if error is None:
                    note_tiles(what, smaller)
        if error is None:
            return result
        _let_go(error)
        try:
            raise error
        finally:
            # Its traceback holds this frame: they would hold each other.
            del error


def _try(code: Callable[[], Any], tiling: AbstractContextManager[None]) -> tuple[Any, Exception | None]:
    """The result and None, or None and the error if there was no memory. Raises any other error."""
    try:
        with tiling:
            return code(), None
    except Exception as error:
        if is_device_lost(error) or not is_out_of_memory(error):
            raise
        return None, error


def _let_go(error: Exception) -> None:
    release_frames(error)
    free_device_memory()


def _take_row(value: Any, row: int, count: int) -> Any:
    """The row's part of an argument that has one for each image (masks, generators); any other argument as it is."""
    has_rows = isinstance(value, Tensor | list) and (not isinstance(value, Tensor) or value.ndim > 0)
    return value[row : row + 1] if has_rows and len(value) == count else value


def _join(parts: list[Any]) -> Any:
    """The images of one call in one object of the kind that each part has: a tensor, a tuple, an output object."""
    first = parts[0]
    if isinstance(first, Tensor):
        # One number for the whole call is a loss, which drawing has no use for.
        return torch.cat(parts) if first.ndim else torch.stack(parts).mean()
    if isinstance(first, tuple):
        return tuple(_join(list(values)) for values in zip(*parts, strict=True))
    return type(first)(**{name: _join([part[name] for part in parts]) for name in first})
