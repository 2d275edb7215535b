"""Pictures that were sent."""

from __future__ import annotations

from datetime import datetime

from darkroom.views.view import View


class File(View):
    """A picture that was sent by itself, stored as a PNG: upright, in sRGB, without the metadata of what was sent."""

    #: What a job's `image` takes in a picture's place.
    id: str
    media_type: str
    #: Pixels, upright.
    width: int
    height: int
    #: Of what is stored; `sha256` as well.
    byte_size: int
    sha256: str
    #: Of what was sent; `sent_sha256` as well.
    sent_byte_size: int
    sent_sha256: str
    #: A sentence for each thing in it that was ignored.
    warnings: list[str]
    created_at: datetime
    #: When it is deleted (unless a job that has not ended starts from it); null: it is kept.
    expires_at: datetime | None = None
    #: Where it can be downloaded until `url_expires_at`.
    url: str
    url_expires_at: datetime
