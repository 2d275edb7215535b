"""Images that come with a request: decoded, and put into the bucket before the commit that accepts their job."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import structlog

from core.artifacts.keys import build_input_key
from core.artifacts.storage import bucket_in_a_hurry
from core.artifacts.tables import Artifact, ArtifactKind
from core.errors import DarkroomError, StorageUnavailable
from core.ids import new_id
from core.pictures.decoders.decode_outside import get_decoders
from core.pictures.picture_text import PictureText

_MEDIA_TYPE = "image/png"

_log = structlog.get_logger()


@dataclasses.dataclass(frozen=True)
class InputImage:
    """An image that came with a request, and the row that it will get. Sides in pixels, upright."""

    job_id: UUID
    #: In the request: `image`, `mask_image`, or `image.2` for the third picture of a list.
    place: str
    #: A PNG of our own: nobody after this looks at the bytes that were sent.
    body: bytes = dataclasses.field(repr=False)
    #: Of the body, 64 hexadecimal digits.
    sha256: str
    #: Of the file that was sent: the same request has the same one, whatever encodes the body.
    sent_sha256: str
    width: int
    height: int
    #: One sentence for each thing in the picture that was ignored.
    warnings: tuple[str, ...]
    #: The artifact's.
    id: UUID = dataclasses.field(default_factory=new_id)

    @property
    def storage_key(self) -> str:
        return build_input_key(job_id=self.job_id, place=self.place, extension="png")

    def build_row(self, *, account_id: UUID, position: int) -> Artifact:
        """The artifact's row. `position` is the image's number among those that came with the request, from 0."""
        return Artifact(
            id=self.id,
            account_id=account_id,
            job_id=self.job_id,
            kind=ArtifactKind.INPUT,
            position=position,
            storage_key=self.storage_key,
            media_type=_MEDIA_TYPE,
            byte_size=len(self.body),
            sha256=self.sha256,
            width=self.width,
            height=self.height,
        )


def decode_input(source: PictureText, *, job_id: UUID, account_id: UUID, place: str) -> InputImage:
    """The image that a place of the request holds as text. Raises NotAnImage, and PicturesBusy if too many are decoded at the moment."""
    read = get_decoders().read(source, account_id=account_id)
    image = read.image
    return InputImage(
        job_id=job_id,
        place=place,
        body=image.png,
        sha256=hashlib.sha256(image.png).hexdigest(),
        sent_sha256=read.sha256,
        width=image.width,
        height=image.height,
        warnings=tuple(f"{place} {warning}" for warning in image.warnings),
    )


@contextmanager
def stored_inputs(images: Sequence[InputImage]) -> Iterator[None]:
    """The images lie in the bucket while the block commits the rows that own them.

    If the block refuses the request, they are removed again. After any other error it is unknown whether the commit got
    through, so they stay, and the clean-up of the bucket deletes them later if no row owns them. Raises
    StorageUnavailable.
    """
    try:
        for image in images:
            bucket_in_a_hurry().put(image.storage_key, image.body, media_type=_MEDIA_TYPE, sha256=image.sha256)
        yield
    except DarkroomError:
        discard_inputs(images)
        raise


def discard_inputs(images: Sequence[InputImage]) -> None:
    """Remove images that no job will own. What the store refuses now, the clean-up of the bucket deletes later."""
    for image in images:
        try:
            bucket_in_a_hurry().delete(image.storage_key)
        except StorageUnavailable as error:
            _log.warning("input_not_discarded", key=image.storage_key, error=str(error))
            return
