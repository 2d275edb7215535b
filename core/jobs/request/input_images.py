"""The pictures of a request: decoded if they came with it, and the artifacts that they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import AliasChoices
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.inputs import InputImage, decode_input
from core.artifacts.own_links import find_own_links
from core.artifacts.tables import Artifact, parse_public_id
from core.database import transaction
from core.errors import FieldError, InvalidRequest
from core.ids import format_id
from core.jobs.request.picture_addresses import find_address_problem, is_address
from core.jobs.request.picture_fields import IMAGE_FIELDS, find_field_of, list_all_places
from core.jobs.request.render_request import RenderRequest
from core.pictures.data_uri import find_picture
from core.pictures.limits import MAX_IMAGE_PIXELS, NotAnImage
from core.pictures.picture_text import PictureText
from core.settings import get_settings

#: Pixels of all pictures that come with one request: they are in memory at the same time, decoded and encoded again.
MOST_PIXELS_TOGETHER = 3 * MAX_IMAGE_PIXELS

_NO_SOURCE = (
    "must be a data URI (data:image/png;base64,…), an https:// address, or the id of a file or an artifact of yours"
)
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
    """The request with an id in the place of every picture but those that are to be fetched, and the images that came as data
    URIs. A picture that comes twice is one image; a link to an image of the account is that image.

    Raises InvalidRequest naming each place that holds no image that we take, and PicturesBusy.
    """
    sources = _list_sources(request)
    own_links = _find_own_links(sources.values(), account_id=account_id)
    #: By the sha256 of what was sent.
    images: dict[str, InputImage] = {}
    found: dict[str, str] = {}
    #: By the identity of the source, which `mask_mode` may have put into two places.
    decoded: dict[int, str] = {}
    errors: list[FieldError] = []
    pixels = 0
    for place, source in sources.items():
        picture = find_picture(source)
        if picture is None:
            found[place] = own_links.get(str(source), str(source))
            if (problem := _find_source_problem(found[place])) is not None:
                errors.append(FieldError(place, problem))
            continue
        if (same_place := decoded.get(id(source))) is not None:
            found[place] = found[same_place]
            continue
        try:
            image = decode_input(picture, job_id=job_id, account_id=account_id, place=place)
        except NotAnImage as error:
            errors.append(FieldError(place, str(error)))
            continue
        decoded[id(source)] = place
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

    return put_pictures(request, found), list(images.values())


def put_pictures(request: RenderRequest, pictures: Mapping[str, str]) -> RenderRequest:
    """The request with these pictures, by their places, in the place of its own."""
    return request.model_copy(update=_put_together(pictures))


def _find_own_links(sources: Iterable[str | PictureText], *, account_id: UUID) -> dict[str, str]:
    addresses = [str(source) for source in sources if find_picture(source) is None and is_address(str(source))]
    if not addresses:
        return {}
    with transaction() as session:
        return find_own_links(session, addresses, account_id=account_id)


def _find_source_problem(source: str) -> str | None:
    if is_address(source):
        return find_address_problem(source, get_settings())
    return _NO_SOURCE if parse_public_id(source) is None else None


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
    #: The jobs whose images they are, for those that did not come with the request, and the files.
    sources: set[UUID]


def resolve_inputs(
    session: Session, request: RenderRequest, images: Sequence[InputImage], *, account_id: UUID
) -> FoundInputs:
    """Look up every picture of the request. Images of other jobs, and files, are locked until the caller's transaction ends, so that
    none is deleted; after that the job's `JobSource` keeps them.

    Raises InvalidRequest for the id of an artifact or file that the account does not have, or that is deleted.
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
    named = list_all_places({field: getattr(request, field) for field in IMAGE_FIELDS})
    errors = [
        FieldError(place, problem)
        for place, id_ in places.items()
        if id_ in wanted and (problem := _find_problem(str(named[place]), found.get(id_))) is not None
    ]
    if errors:
        raise InvalidRequest(errors)

    sizes |= {id_: (artifact.width, artifact.height) for id_, artifact in found.items()}
    first: dict[str, tuple[int, int]] = {}
    for place, id_ in places.items():
        first.setdefault(find_field_of(place), sizes[id_])
    return FoundInputs(first, {artifact.job_id or artifact.id for artifact in found.values()})


def _find_problem(named: str, artifact: Artifact | None) -> str | None:
    """Why a job cannot start from what the request names, or None."""
    thing = "file" if named.startswith("file_") else "artifact"
    if artifact is None or artifact.public_id != named:
        return f"there is no such {thing}"
    return f"this {thing} has been deleted" if artifact.deleted_at is not None else None


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
    """The artifact's or file's id in each place of the image fields that a job's request has."""
    ids = {place: parse_public_id(picture) for place, picture in list_all_places(parameters).items()}
    return {place: id_ for place, id_ in ids.items() if id_ is not None}
