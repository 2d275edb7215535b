"""The memory of one body. A large one has pages of its own: the system gives them while the body is read, and takes them back at
once, and neither keeps the interpreter from the other threads. To clear 28 MB, or to free them, takes 5 to 15 ms.
"""

from __future__ import annotations

import mmap
from contextlib import suppress

from flask import g

from api.large_bodies import LARGE_BODY_BYTES
from core.pictures.picture_text import PictureText


def take_memory(length: int) -> memoryview:
    """So many bytes, for the body of the current request. If there are many, they are released when it ends."""
    if length <= LARGE_BODY_BYTES:
        return memoryview(bytearray(length))
    pages = mmap.mmap(-1, length)
    g.large_body.callback(_release, pages)
    return memoryview(pages)


def release_with_body(picture: PictureText) -> None:
    """When the current request ends, the picture is empty: an error that somebody still has must not keep the body in memory."""
    if "large_body" in g:
        g.large_body.callback(picture.release)


def _release(pages: mmap.mmap) -> None:
    # If something of an error still looks at them, they are released with that.
    with suppress(BufferError):
        pages.close()
