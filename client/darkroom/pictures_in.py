"""Pictures that a request starts from, in all the ways in which people have them."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Union

from darkroom.errors import InvalidPicture
from darkroom.picture import Picture
from darkroom.views.files import File
from darkroom.views.job_parts import Input, Output
from darkroom.views.outputs import GalleryOutput
from darkroom.views.sweeps import ContactSheet

#: The parameters of a request that are pictures.
PICTURE_PARAMETERS = ("image", "mask_image", "control_image", "ip_adapter_image")

_ID = re.compile(r"(file|art)_[0-9a-f]{32}")
_ADDRESS = re.compile(r"(https?|data):", re.IGNORECASE)


class PilImage(Protocol):
    """A picture of Pillow, which this package does not need."""

    @property
    def mode(self) -> Any:
        """Its kind of pixels."""

    @property
    def save(self) -> Any:
        """Write it."""


#: A path, bytes, an open file, a PIL image, an address, an id, or a picture, output or file of the service.
PictureIn = Union[
    str, "os.PathLike[str]", bytes, BinaryIO, PilImage, Picture, Output, GalleryOutput, Input, File, ContactSheet
]


def read_picture(value: Any) -> str | bytes:
    """What the request says: an id or an address; or bytes, which have to be sent before. Raises InvalidPicture."""
    if isinstance(value, str):
        return value if _ID.fullmatch(value) or _ADDRESS.match(value) else _read_path(Path(value))
    if isinstance(value, os.PathLike):
        return _read_path(Path(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Picture):
        return value.id or value.data
    if isinstance(value, (Output, GalleryOutput, Input, File, ContactSheet)):
        if value.id is None:
            raise InvalidPicture("this output has no picture: it was withheld, or is deleted")
        return value.id
    if hasattr(value, "read"):
        return _read_file(value)
    if hasattr(value, "save") and hasattr(value, "mode"):
        return _encode(value)
    raise InvalidPicture(
        f"a {type(value).__name__} is no picture: give a path, bytes, an open file, a PIL image, an address or an id"
    )


def build_data_uri(data: bytes) -> str:
    """The bytes as an address, for a request that shall leave no file behind."""
    # The service decides by the bytes what they are, not by the name.
    return f"data:application/octet-stream;base64,{base64.b64encode(data).decode()}"


def _read_path(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except FileNotFoundError:
        raise InvalidPicture(f"there is no file {str(path)!r}, and it is neither an address nor an id") from None
    except OSError as error:
        raise InvalidPicture(f"{path} cannot be read: {error.strerror or error}") from error


def _read_file(file: Any) -> bytes:
    data = file.read()
    if not isinstance(data, bytes):
        raise InvalidPicture("the file is open as text: open it with mode 'rb'")
    return data


def _encode(image: PilImage) -> bytes:
    written = io.BytesIO()
    image.save(written, format="PNG")
    return written.getvalue()
