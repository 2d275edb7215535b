"""The pictures of a request: decoded if they came with it, and the artifacts that they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import AliasChoices
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.inputs import InputImage, decode_input
from core.artifacts.tables import Artifact
from core.errors import FieldError, InvalidRequest
from core.ids import format_id, parse_id
from core.jobs.request.picture_fields import IMAGE_FIELDS, find_field_of, list_all_places
from core.jobs.request.render_request import RenderRequest
from core.pictures.data_uri import find_picture
from core.pictures.limits import MAX_IMAGE_PIXELS, NotAnImage
from core.pictures.picture_text import PictureText

#: Pixels of all pictures that come with one request: they are in memory at the same time, decoded and encoded again.
MOST_PIXELS_TOGETHER = 3 * MAX_IMAGE_PIXELS

_NO_ADDRESS = "addresses are not fetched: send the image itself as a data URI, or the id of one of your artifacts"
_NO_SOURCE = "must be a data URI (data:image/png;base64,…) or the id of one of your artifacts (art_…)"
_TOO_MANY_PIXELS = f"with it the pictures of the request have more than {MOST_PIXELS_TOGETHER:,} pixels together"


def list_image_names() -> list[str]:
    """The names under which a request gives images."""
    names: list[str] = []
    for field in IMAGE_FIELDS:
        alias = RenderRequest.model_fields[field].validation_alias
        others = alias.choices if isinstance(alias, AliasChoices) else [alias]
        names += [field, *(name for name in others if isinstance(name, str) and name != field)]
    return names


def take_out_images(
    request: RenderRequest, *, job_id: UUID, account_id: UUID
) -> tuple[RenderRequest, list[InputImage]]:
    """The request with an artifact's id in the place of every picture, and the images that came as data URIs. A picture
    that comes twice is one image.

    Raises InvalidRequest naming each place that holds no image that we take, and PicturesBusy.
    """
    sources = _list_sources(request)
    #: By the sha256 of what was sent.
    images: dict[str, InputImage] = {}
    found: dict[str, str] = {}
    errors: list[FieldError] = []
    pixels = 0
    for place, source in sources.items():
        picture = find_picture(source)
        if picture is None:
            if parse_id("art", str(source)) is None:
                is_address = str(source).lower().startswith(("http://", "https://"))
                errors.append(FieldError(place, _NO_ADDRESS if is_address else _NO_SOURCE))
            found[place] = str(source)
            continue
        try:
            image = decode_input(picture, job_id=job_id, account_id=account_id, place=place)
        except NotAnImage as error:
            errors.append(FieldError(place, str(error)))
            continue
        if (same := images.get(image.sent_sha256)) is not None:
            found[place] = format_id("art", same.id)
            continue
        pixels += image.width * image.height
        if pixels > MOST_PIXELS_TOGETHER:
            errors.append(FieldError(place, _TOO_MANY_PIXELS))
            break
        images[image.sent_sha256] = image
        found[place] = format_id("art", image.id)
    if errors:
        raise InvalidRequest(errors)

    return request.model_copy(update=_put_together(found)), list(images.values())


def _list_sources(request: RenderRequest) -> dict[str, str | PictureText]:
    return list_all_places({field: getattr(request, field) for field in IMAGE_FIELDS})


def _put_together(pictures: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
    """The fields of pictures that are named by their places."""
    fields: dict[str, str | tuple[str, ...]] = {}
    for place, picture in pictures.items():
        field = find_field_of(place)
        fields[field] = picture if place == field else (*fields.get(field, ()), picture)
    return fields


def build_input_rows(images: Sequence[InputImage], *, account_id: UUID) -> list[Artifact]:
    """The rows of the images that came with a request, in its order."""
    return [image.build_row(account_id=account_id, position=position) for position, image in enumerate(images)]


@dataclass(frozen=True)
class FoundInputs:
    """The images of a request."""

    #: Width and height (pixels) of the first picture in each image field.
    sizes: dict[str, tuple[int, int]]
    #: The jobs whose images they are, for those that did not come with the request.
    sources: set[UUID]


def resolve_inputs(
    session: Session, request: RenderRequest, images: Sequence[InputImage], *, account_id: UUID
) -> FoundInputs:
    """Look up every picture of the request. Images of other jobs are locked until the caller's transaction ends, so that
    none is deleted; after that the job's `JobSource` keeps them.

    Raises InvalidRequest for the id of an artifact that the account does not have, or that is deleted.
    """
    places = list_input_ids({field: getattr(request, field) for field in IMAGE_FIELDS})
    sizes = {image.id: (image.width, image.height) for image in images}
    found: dict[UUID, Artifact] = {}
    wanted = {id_ for id_ in places.values() if id_ not in sizes}
    if wanted:
        found = {
            row.id: row
            for row in session.scalars(
                select(Artifact)
                .where(Artifact.id.in_(wanted), Artifact.account_id == account_id)
                .order_by(Artifact.id)
                .with_for_update(read=True)
            )
        }
    errors = [
        FieldError(place, "there is no such artifact" if id_ not in found else "this artifact has been deleted")
        for place, id_ in places.items()
        if id_ in wanted and (id_ not in found or found[id_].deleted_at is not None)
    ]
    if errors:
        raise InvalidRequest(errors)

    sizes |= {id_: (artifact.width, artifact.height) for id_, artifact in found.items()}
    first: dict[str, tuple[int, int]] = {}
    for place, id_ in places.items():
        first.setdefault(find_field_of(place), sizes[id_])
    return FoundInputs(first, {artifact.job_id for artifact in found.values()})


def list_input_artifacts(
    session: Session, requests: Mapping[UUID, Mapping[str, Any]]
) -> dict[UUID, dict[str, Artifact]]:
    """The images that jobs start from, by job id and then by place. `requests` holds each job's request by job id."""
    ids = {job_id: list_input_ids(request) for job_id, request in requests.items()}
    wanted = {id_ for of_job in ids.values() for id_ in of_job.values()}
    if not wanted:
        return {job_id: {} for job_id in requests}
    found = {artifact.id: artifact for artifact in session.scalars(select(Artifact).where(Artifact.id.in_(wanted)))}
    return {
        job_id: {place: found[id_] for place, id_ in of_job.items() if id_ in found} for job_id, of_job in ids.items()
    }


def list_input_ids(parameters: Mapping[str, Any]) -> dict[str, UUID]:
    """The artifact's id in each place of the image fields that a job's request has."""
    ids = {place: parse_id("art", picture) for place, picture in list_all_places(parameters).items()}
    return {place: id_ for place, id_ in ids.items() if id_ is not None}
