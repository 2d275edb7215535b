"""A picture's text as it stands in the body of a request: megabytes of which nobody makes a second copy."""

from __future__ import annotations

from collections.abc import Sequence


class PictureText:
    """A picture as a data URI, or as base64 alone. ASCII, in one or more pieces, of which most are views of the body."""

    def __init__(self, pieces: Sequence[bytes | memoryview]) -> None:
        self.pieces: tuple[bytes | memoryview, ...] = tuple(pieces)

    @classmethod
    def of(cls, text: str) -> PictureText:
        """The picture in a text; a character that no picture has becomes a question mark, which none has either."""
        return cls([text.encode("ascii", "replace")])

    def __len__(self) -> int:
        """Characters."""
        return sum(len(piece) for piece in self.pieces)

    def __str__(self) -> str:
        return b"".join(self.pieces).decode("ascii")

    def release(self) -> None:
        """Let go of the body. After this the text is empty."""
        for piece in self.pieces:
            if isinstance(piece, memoryview):
                piece.release()
        self.pieces = ()

    def read_beginning(self, length: int) -> str:
        """The first characters, as many as there are up to this length."""
        text = b""
        for piece in self.pieces:
            text += bytes(piece[: length - len(text)])
            if len(text) == length:
                break
        return text.decode("ascii")
