"""An output as every operation shows it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from core.artifacts.storage import sign_download
from core.gallery.read_outputs import OutputRow
from core.ids import format_id


class GalleryOutputView(BaseModel):
    """A picture that a job has made, with its marks."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(
        examples=["art_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"],
        description="What a job's `image` takes in a picture's place.",
    )
    job_id: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    position: int = Field(description="Its place among the job's outputs, from 0.", examples=[0])
    url: str = Field(description="Where it can be downloaded until `url_expires_at`.")
    url_expires_at: datetime
    media_type: str
    width: int = Field(description="Pixels.")
    height: int
    byte_size: int
    sha256: str
    seed: int | None = Field(description="Its own: with the job's request it makes the same picture.")
    prompt: str | None = Field(
        description="As it was sent. Null: there was none, or it was not to be kept.",
        examples=["a large red mug on a yellow background"],
    )
    negative_prompt: str | None = Field(examples=["blue"])
    model: str
    task: str
    style: str | None = Field(examples=["packshot-on-white"])
    favourite: bool
    boards: list[str] = Field(
        description="The boards that it is on.", examples=[["board_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"]]
    )
    created_at: datetime
    expires_at: datetime | None = Field(
        description="When it is deleted, as its job says, also if it is a favourite; null: it is kept."
    )


def build_output_view(output: OutputRow) -> GalleryOutputView:
    """The view of an output that is there, with a fresh download address. Raises StorageUnavailable without valid keys."""
    url, url_expires_at = sign_download(output.storage_key)
    return GalleryOutputView(
        id=format_id("art", output.id),
        job_id=format_id("job", output.job_id),
        url=url,
        url_expires_at=url_expires_at,
        boards=[format_id("board", board_id) for board_id in output.boards],
        **{
            name: getattr(output, name)
            for name in (
                *("position", "media_type", "width", "height", "byte_size", "sha256", "seed", "prompt"),
                *("negative_prompt", "model", "task", "style", "favourite", "created_at", "expires_at"),
            )
        },
    )
