"""Pictures in answers and in requests of other systems: as text, as bytes, and as addresses."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from core.artifacts.capability import build_output_link
from core.artifacts.read_outputs import OutputBytes, read_outputs
from core.ids import parse_id
from core.jobs.views.job_view import OutputView
from core.pictures.picture_text import PictureText


def read_files(outputs: Sequence[OutputView]) -> list[OutputBytes]:
    """The files of the outputs that have one, in their order: the content filter withholds some. Raises OutputNotFound, and
    StorageUnavailable.
    """
    ids = [parse_id("art", output.id) for output in outputs if output.id is not None]
    return read_outputs([id_ for id_ in ids if id_ is not None])


def to_base64(body: bytes) -> str:
    """As JSON has bytes."""
    return base64.b64encode(body).decode()


def to_data_uri(body: bytes, media_type: str) -> str:
    """As an address that holds its picture."""
    return f"data:{media_type};base64,{to_base64(body)}"


def link_outputs(outputs: Sequence[OutputView]) -> list[str]:
    """Addresses on our own host of the outputs that have a file: they work for a while, without a key, and with any."""
    return [build_output_link(output.id, output.media_type) for output in outputs if output.id is not None]


def picture_of_bytes(body: bytes) -> PictureText:
    """A picture that came as bytes, as a field of a job's request takes it. The bytes decide what it is, whatever they were called."""
    return PictureText([b"data:application/octet-stream;base64,", base64.b64encode(body)])
