"""A small picture of an output, for models that look at pictures: the whole one would fill their memory."""

from __future__ import annotations

import base64
import io
import threading

import structlog
from PIL import Image

from core.artifacts.read_outputs import read_outputs
from core.errors import DarkroomError
from core.ids import parse_id
from core.jobs.views.job_view import OutputView

#: Pixels of the longer side.
_SIDE = 256

_QUALITY = 80

#: Pixels of an output of which there is one.
_MOST_PIXELS = 2**25

#: One at a time is decoded: it takes megabytes for a moment.
_TURN = threading.Lock()

_log = structlog.get_logger()


def draw_thumbnail(output: OutputView) -> str | None:
    """A JPEG as base64, some ten kilobytes; None: the output is very large, or cannot be read now."""
    id_ = parse_id("art", output.id or "")
    if id_ is None or (output.width or 0) * (output.height or 0) > _MOST_PIXELS:
        return None
    try:
        [file] = read_outputs([id_])
    except DarkroomError as error:
        _log.warning("thumbnail_not_drawn", error=error.code)
        return None
    small = io.BytesIO()
    with _TURN, Image.open(io.BytesIO(file.body)) as picture:
        picture.thumbnail((_SIDE, _SIDE))
        picture.convert("RGB").save(small, "JPEG", quality=_QUALITY)
    return base64.b64encode(small.getvalue()).decode()
