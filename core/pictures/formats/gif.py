"""Read the first frame of a GIF file, as a file of its own without comments and other extensions."""

from __future__ import annotations

import struct

from PIL import Image

from core.pictures.formats.still import ANIMATED, StillPicture, load_image
from core.pictures.limits import NotAnImage, broken, check_size

_SCREEN = struct.Struct("<6sHHBBB")
_FRAME = struct.Struct("<BHHHHB")

_EXTENSION, _IMAGE = 0x21, 0x2C
_GRAPHIC_CONTROL = 0xF9
_HAS_TABLE = 0x80

#: Pieces that data is cut into, of 255 bytes at most. The largest file has 80,000 of these.
_MOST_PIECES = 1_000_000


def read_gif(body: bytes) -> StillPicture:
    """The first frame in a GIF file, on a screen that is transparent elsewhere. Raises NotAnImage."""
    try:
        return _Reader(body).read()
    except (IndexError, struct.error) as error:
        raise broken("GIF") from error


class _Reader:
    """A walk over the blocks of a GIF file (GIF89a specification, 17 to 26)."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._pieces = 0

    def read(self) -> StillPicture:
        signature, width, height, flags, background, aspect = _SCREEN.unpack_from(self._body)
        colours_end = _SCREEN.size + _table_size(flags)
        control, start = self._find_frame(colours_end)
        _, left, top, frame_width, frame_height, frame_flags = _FRAME.unpack_from(self._body, start)
        # Frames that are larger than the screen are common in old files, and browsers show all of them.
        screen = max(width, left + frame_width), max(height, top + frame_height)
        check_size(frame_width, frame_height)
        check_size(*screen)
        data_start = start + _FRAME.size + _table_size(frame_flags)
        data_end = self._skip_pieces(data_start + 1)
        file = b"".join(
            (
                _SCREEN.pack(signature, frame_width, frame_height, flags, background, aspect),
                self._body[_SCREEN.size : colours_end],
                control,
                _FRAME.pack(_IMAGE, 0, 0, frame_width, frame_height, frame_flags),
                self._body[start + _FRAME.size : data_end],
                b";",
            )
        )
        warnings = (ANIMATED,) if self._has_frame(data_end) else ()
        return StillPicture(image=_place(load_image(file, "GIF"), (left, top), screen), warnings=warnings)

    def _find_frame(self, position: int) -> tuple[bytes, int]:
        """The last graphic control extension before the next frame, and where the frame starts."""
        control = b""
        while self._body[position] != _IMAGE:
            if self._body[position] != _EXTENSION:
                raise IndexError
            end = self._skip_pieces(position + 2)
            if self._body[position + 1] == _GRAPHIC_CONTROL:
                control = self._body[position:end]
            position = end
        return control, position

    def _has_frame(self, position: int) -> bool:
        try:
            self._find_frame(position)
        except IndexError:
            return False
        return True

    def _skip_pieces(self, position: int) -> int:
        """Where the data that starts here ends. Of a file that is cut off, it is the file's end, and the decoder says so."""
        while position < len(self._body) and (length := self._body[position]):
            position += 1 + length
            self._pieces += 1
            if self._pieces > _MOST_PIECES:
                raise NotAnImage(f"is a GIF of more than {_MOST_PIECES:,} pieces")
        return position + 1


def _table_size(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & _HAS_TABLE else 0


def _place(frame: Image.Image, corner: tuple[int, int], screen: tuple[int, int]) -> Image.Image:
    if frame.size == screen:
        return frame
    canvas = Image.new("RGBA", screen)
    canvas.paste(frame.convert("RGBA"), corner)
    return canvas
