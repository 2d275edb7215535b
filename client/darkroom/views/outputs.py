"""Pictures that jobs have made, with their marks."""

from __future__ import annotations

from datetime import datetime

from darkroom.views.view import View


class GalleryOutput(View):
    """A picture that a job has made, with its marks."""

    #: What a job's `image` takes in a picture's place.
    id: str
    job_id: str
    #: Its place among the job's outputs, from 0.
    position: int
    #: Where it can be downloaded until `url_expires_at`.
    url: str
    url_expires_at: datetime
    media_type: str
    #: Pixels.
    width: int
    height: int
    byte_size: int
    sha256: str
    #: Its own: with the job's request it makes the same picture.
    seed: int | None = None
    #: As it was sent. Null: there was none, or it was not to be kept.
    prompt: str | None = None
    negative_prompt: str | None = None
    model: str
    task: str
    style: str | None = None
    favourite: bool
    #: The ids of the boards that it is on.
    boards: list[str]
    created_at: datetime
    #: When it is deleted, as its job says, also if it is a favourite; null: it is kept.
    expires_at: datetime | None = None
