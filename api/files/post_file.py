"""`POST /v1/files`: send a picture, or ask by its sha256 whether it has been sent."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, abort, g, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.answer import answer
from api.authentication import current_account_id
from api.files.blueprint import files_blueprint
from api.files.receive_file import received_file
from api.headers import Headers
from api.idempotency_key import IdempotencyKeyText, idempotency_key_field
from api.no_query import takes_no_query
from api.problems import answer_validation_error
from api.v1 import describe_problems
from core.database import transaction
from core.files.file_view import FileView, build_file_view
from core.files.known_files import get_known_file
from core.files.store_file import store_file
from core.settings import get_settings

_BINARY = {"schema": {"type": "string", "format": "binary"}}


class PostFileHeaders(Headers):
    """Optional headers of the request."""

    model_config = ConfigDict(populate_by_name=True)

    idempotency_key: IdempotencyKeyText | None = idempotency_key_field(
        "The same bytes are one file with and without it. With it, other bytes under the same key are refused, and "
        "a file that has been deleted since is not made again.",
    )


class FileQuestion(BaseModel):
    """Whether the account has a file of these bytes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: str = Field(
        pattern=r"^[0-9A-Fa-f]{64}$",
        description="Of the file as it would be sent, in hexadecimal digits.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )


@files_blueprint.post(
    "/files",
    summary="Send a picture",
    request_body={
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "additionalProperties": False,
                }
            },
            "image/*": _BINARY,
            "application/octet-stream": _BINARY,
            "application/json": {"schema": FileQuestion.model_json_schema()},
        },
    },
    responses={
        200: FileView,
        201: FileView,
        **describe_problems(
            {
                400: "The body is malformed, or could not be read to its end.",
                404: "Asked by its sha256: the account has no such file (`file_unknown`).",
                409: "The account has as many files, or bytes in them, as it may have (`too_many_files`).",
                410: "The file that this Idempotency-Key made is not there any more (`file_deleted`).",
                413: "The file is longer than the deployment takes: 20 MiB, if it does not say otherwise.",
                415: "The body is neither multipart/form-data, nor a picture, nor application/json.",
                422: "The file is no picture that is taken, or the Idempotency-Key came with other bytes before.",
                503: "The database or the object store does not answer, or too many pictures are sent at the moment "
                "(`pictures_busy`); try again after Retry-After seconds.",
            }
        ),
    },
)
@takes_no_query
def post_file(header: PostFileHeaders) -> Response:
    """Send a picture as the part `file` of multipart/form-data, or as the body itself: PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF;
    its bytes decide which. It is decoded once, turned upright, and stored without its metadata. 201: a new file. 200: the
    account had sent the same bytes before, and the file is kept as long as if it were new.

    With a JSON body, `{"sha256": "…"}`, nothing is sent: 200 with the file if the account has it, 404 (`file_unknown`) if not.
    """
    if request.is_json:
        return _answer_question()
    with received_file(get_settings().file_max_bytes) as sent:
        stored = store_file(sent, account_id=current_account_id(), idempotency_key=header.idempotency_key)
    g.answered_with = {"file_id": stored.view.id}
    response = answer(stored.view, HTTPStatus.CREATED if stored.is_new else HTTPStatus.OK)
    response.headers["Location"] = f"{get_settings().public_url}/v1/files/{stored.view.id}"
    if stored.is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _answer_question() -> Response:
    try:
        question = FileQuestion.model_validate(request.get_json())
    except ValidationError as error:
        abort(answer_validation_error(error))
    with transaction() as session:
        file = get_known_file(session, account_id=current_account_id(), sent_sha256=question.sha256.lower())
        view = build_file_view(file)
    return answer(view)
