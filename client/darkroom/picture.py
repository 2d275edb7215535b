"""Pictures that were drawn: they save themselves, open with Pillow, and show themselves in a notebook."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.errors import DarkroomError
from darkroom.views.job_parts import Output
from darkroom.views.jobs import Job

if TYPE_CHECKING:
    from PIL.Image import Image

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


@dataclass(frozen=True)
class Picture:
    """A picture's bytes, and what is known of it."""

    data: bytes = field(repr=False)
    media_type: str
    width: int | None = None
    height: int | None = None
    #: What it was drawn from: the same request with this seed draws it again.
    seed: int | None = None
    #: `art_…` or `file_…`: what a later request can name as its `image`.
    id: str | None = None
    #: The prompt that it was drawn from, as a caption.
    caption: str = ""

    @classmethod
    def of(cls, data: bytes, output: Output, job: Job) -> Picture:
        """An output of a job, with its bytes."""
        return cls(
            data,
            media_type=output.media_type or "image/png",
            width=output.width,
            height=output.height,
            seed=output.seed,
            id=output.id,
            caption=str(job.request.get("prompt") or ""),
        )

    @property
    def suffix(self) -> str:
        """The ending of a file's name that goes with its bytes: `.png`, `.jpg` or `.webp`."""
        return _SUFFIXES.get(self.media_type, ".png")

    def save(self, path: str | Path) -> Path:
        """Write the picture, and return where. A folder gets a file named by the id; a name without an ending gets one.

        Bytes are written as they came. With another ending than theirs the picture is encoded anew, which needs Pillow and loses
        the settings that the service has written into the file. Raises DarkroomError.
        """
        path = Path(path).expanduser()
        if path.is_dir():
            path = path / f"{self.id or 'picture'}{self.suffix}"
        ending = path.suffix.lower()
        if not ending:
            path = path.with_name(path.name + self.suffix)
        elif ending not in _MEDIA_TYPES:
            raise DarkroomError(f"{path.name}: a picture is saved as .png, .jpg or .webp")
        same = not ending or _MEDIA_TYPES[ending] == self.media_type
        written = self.data if same else self._encode(_FORMATS[ending])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written)
        return path

    def to_pil(self) -> Image:
        """The picture as Pillow opens it. Raises DarkroomError without Pillow."""
        try:
            from PIL import Image
        except ImportError as error:
            raise DarkroomError("this needs Pillow: pip install pillow") from error
        image = Image.open(io.BytesIO(self.data))
        image.load()
        return image

    def show(self) -> None:
        """Open the picture in a window of the system, by Pillow."""
        self.to_pil().show()

    def _encode(self, to: str) -> bytes:
        written = io.BytesIO()
        image = self.to_pil()
        (image.convert("RGB") if to == "JPEG" else image).save(written, format=to)
        return written.getvalue()

    def _repr_png_(self) -> bytes | None:
        return self.data if self.media_type == "image/png" else None

    def _repr_jpeg_(self) -> bytes | None:
        return self.data if self.media_type == "image/jpeg" else None

    def _repr_html_(self) -> str:
        address = f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"
        text = html.escape(self.caption, quote=True)
        seed = "" if self.seed is None else f" · seed {self.seed}"
        return (
            f'<figure style="display:inline-block;margin:4px"><img src="{address}" alt="{text}" style="max-width:100%">'
            f'<figcaption style="max-width:512px">{text}{seed}</figcaption></figure>'
        )


class Pictures(list[Picture]):
    """The pictures of a job, in order, and the job."""

    def __init__(self, pictures: list[Picture], job: Job) -> None:
        super().__init__(pictures)
        #: With the request as it was settled, warnings and timings.
        self.job = job

    def save(self, path: str | Path) -> list[Path]:
        """Write all of them, and return where: `cat.png`, `cat-2.png`, `cat-3.png`, …, or into a folder."""
        path = Path(path).expanduser()
        if path.is_dir():
            return [picture.save(path) for picture in self]
        return [
            picture.save(path if position == 1 else path.with_name(f"{path.stem}-{position}{path.suffix}"))
            for position, picture in enumerate(self, 1)
        ]

    def _repr_html_(self) -> str:
        return "".join(picture._repr_html_() for picture in self)
