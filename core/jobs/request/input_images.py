"""The image fields of a request: what they hold, and the artifacts that they lead to."""

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
from core.jobs.request.render_request import RenderRequest
from core.pictures.data_uri import find_picture
from core.pictures.limits import NotAnImage

#: A field's place here is its input artifact's position; new ones go to the end.
IMAGE_FIELDS = ("image", "mask_image", "control_image")

_NO_ADDRESS = "addresses are not fetched: send the image itself as a data URI, or the id of one of your artifacts"
_NO_SOURCE = "must be a data URI (data:image/png;base64,…) or the id of one of your artifacts (art_…)"


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
    """The request with an artifact's id in every image field, and the images that came as data URIs.

    Raises InvalidRequest naming each field that holds no image that we take, and PicturesBusy.
    """
    ids: dict[str, str] = {}
    images: list[InputImage] = []
    errors: list[FieldError] = []
    for field in IMAGE_FIELDS:
        source = getattr(request, field)
        if source is None:
            continue
        picture = find_picture(source)
        if picture is None:
            if parse_id("art", str(source)) is None:
                is_address = str(source).lower().startswith(("http://", "https://"))
                errors.append(FieldError(field, _NO_ADDRESS if is_address else _NO_SOURCE))
            continue
        try:
            image = decode_input(picture, job_id=job_id, account_id=account_id, field=field)
        except NotAnImage as error:
            errors.append(FieldError(field, str(error)))
            continue
        images.append(image)
        ids[field] = format_id("art", image.id)
    if errors:
        raise InvalidRequest(errors)
    return request.model_copy(update=ids), images


def build_input_rows(images: Sequence[InputImage], *, account_id: UUID) -> list[Artifact]:
    """The rows of the images that came with a request."""
    return [image.build_row(account_id=account_id, position=IMAGE_FIELDS.index(image.field)) for image in images]


@dataclass(frozen=True)
class FoundInputs:
    """The images of a request."""

    #: Width and height (pixels) of the image in each image field.
    sizes: dict[str, tuple[int, int]]
    #: The jobs whose images they are, for those that did not come with the request.
    sources: set[UUID]


def resolve_inputs(
    session: Session, request: RenderRequest, images: Sequence[InputImage], *, account_id: UUID
) -> FoundInputs:
    """Look up the image in each image field of the request. Images of other jobs are locked until the caller's
    transaction ends, so that none is deleted; after that the job's `JobSource` keeps them.

    Raises InvalidRequest for the id of an artifact that the account does not have, or that is deleted.
    """
    sizes = {image.field: (image.width, image.height) for image in images}
    given = {field: getattr(request, field) for field in IMAGE_FIELDS}
    ids = {field: id_ for field, id_ in list_input_ids(given).items() if field not in sizes}
    if not ids:
        return FoundInputs(sizes, set())

    found = {
        row.id: row
        for row in session.scalars(
            select(Artifact)
            .where(Artifact.id.in_(ids.values()), Artifact.account_id == account_id)
            .order_by(Artifact.id)
            .with_for_update(read=True)
        )
    }
    errors = [
        FieldError(field, "there is no such artifact" if id_ not in found else "this artifact has been deleted")
        for field, id_ in ids.items()
        if id_ not in found or found[id_].deleted_at is not None
    ]
    if errors:
        raise InvalidRequest(errors)
    return FoundInputs(
        sizes | {field: (found[id_].width, found[id_].height) for field, id_ in ids.items()},
        {artifact.job_id for artifact in found.values()},
    )


def list_input_artifacts(
    session: Session, requests: Mapping[UUID, Mapping[str, Any]]
) -> dict[UUID, dict[str, Artifact]]:
    """The images that jobs start from, by job id and then by field. `requests` holds each job's request by job id."""
    ids = {job_id: list_input_ids(request) for job_id, request in requests.items()}
    wanted = {id_ for of_job in ids.values() for id_ in of_job.values()}
    if not wanted:
        return {job_id: {} for job_id in requests}
    found = {artifact.id: artifact for artifact in session.scalars(select(Artifact).where(Artifact.id.in_(wanted)))}
    return {
        job_id: {field: found[id_] for field, id_ in of_job.items() if id_ in found} for job_id, of_job in ids.items()
    }


def list_input_ids(parameters: Mapping[str, Any]) -> dict[str, UUID]:
    """The artifact's id in each image field that a job's request has."""
    ids = {field: parse_id("art", parameters.get(field) or "") for field in IMAGE_FIELDS}
    return {field: id_ for field, id_ in ids.items() if id_ is not None}
