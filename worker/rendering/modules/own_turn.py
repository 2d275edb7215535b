"""A turn with the model's modules for a pipeline that changes them while it draws."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from worker.rendering.modules.list_denoisers import list_denoisers


@contextmanager
def own_turn(pipeline: Any, turn: threading.Lock) -> Iterator[None]:
    """Jobs of the model wait here for each other. At the end the denoisers have the attention that they had before: such a
    pipeline restores it by itself only when nothing stops it.
    """
    with turn:
        denoisers: list[Any] = [
            each for each in list_denoisers(pipeline).values() if hasattr(each, "set_attn_processor")
        ]
        before = [dict(denoiser.attn_processors) for denoiser in denoisers]
        try:
            yield
        finally:
            for denoiser, processors in zip(denoisers, before, strict=True):
                # The method empties the dictionary that it is given.
                denoiser.set_attn_processor(dict(processors))
