"""A file as every operation shows it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.artifacts.storage import sign_download
from core.artifacts.tables import Artifact


class FileView(BaseModel):
    """A picture that was sent by itself. It is stored as a PNG of our own: upright, sRGB, without the metadata (EXIF, GPS) of
    what was sent.
    """

    model_config = ConfigDict(frozen=True)

    id: str = Field(
        examples=["file_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"],
        description="What a job's `image` takes in a picture's place.",
    )
    media_type: str = Field(examples=["image/png"])
    width: int = Field(description="Pixels, upright.")
    height: int
    byte_size: int = Field(description="Of what is stored; `sha256` as well.")
    sha256: str
    sent_byte_size: int = Field(description="Of what was sent; `sent_sha256` as well.")
    sent_sha256: str
    warnings: list[str] = Field(description="A sentence for each thing in it that was ignored.")
    created_at: datetime
    expires_at: datetime | None = Field(
        description="When it is deleted (unless a job that has not ended starts from it); null: it is kept."
    )
    url: str = Field(description="Where it can be downloaded until `url_expires_at`.")
    url_expires_at: datetime


def build_file_view(file: Artifact) -> FileView:
    """The view of a file that is there, with a fresh download address. Raises StorageUnavailable without valid keys."""
    if file.sent_sha256 is None or file.sent_byte_size is None:
        raise AssertionError("a file has what was sent")
    url, url_expires_at = sign_download(file.storage_key)
    return FileView(
        id=file.public_id,
        media_type=file.media_type,
        width=file.width,
        height=file.height,
        byte_size=file.byte_size,
        sha256=file.sha256,
        sent_byte_size=file.sent_byte_size,
        sent_sha256=file.sent_sha256,
        warnings=file.warnings or [],
        created_at=file.created_at,
        expires_at=file.expires_at,
        url=url,
        url_expires_at=url_expires_at,
    )
