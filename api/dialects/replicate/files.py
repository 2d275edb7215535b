"""`/replicate/v1/files`: pictures that predictions start from."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request

from api.dialects.replicate.blueprint import replicate_blueprint
from api.json_body import takes_images
from api.translation.files import delete_file, find_file, keep_file, list_files
from api.translation.form import read_form
from core.errors import FieldError, InvalidRequest
from core.field_errors import renamed_errors
from core.files.file_view import FileView
from core.settings import get_settings


@replicate_blueprint.post("/files")
@takes_images("content")
def create_file() -> Response:
    """Keeps a picture. Its bytes decide what it is."""
    form = read_form()
    sent = form.files.get("content", [])
    if len(sent) != 1:
        raise InvalidRequest([FieldError("content", "is required: one part with a picture", "required")])
    # The second client sends each field of `metadata` by itself.
    others = {name.partition("[")[0] for name in (*form.fields, *form.files)} - {"content", "filename", "type"}
    if others and form.fields.get("metadata") != ["{}"]:
        raise InvalidRequest([FieldError(name, "is not kept with files", "not_allowed") for name in sorted(others)])
    with renamed_errors({"file": "content"}):
        response = jsonify(_show(keep_file(sent[0])))
    response.status_code = HTTPStatus.CREATED
    return response


@replicate_blueprint.get("/files")
def list_own_files() -> Response:
    """The account's files, newest first, a page at a time."""
    files, has_more = list_files(limit=100, after=request.args.get("cursor"))
    following = f"{get_settings().public_url}{request.path}?cursor={files[-1].id}" if has_more else None
    return jsonify(next=following, previous=None, results=[_show(file) for file in files])


@replicate_blueprint.get("/files/<file_id>")
def read_file(file_id: str) -> Response:
    """One file."""
    return jsonify(_show(find_file(file_id)))


@replicate_blueprint.delete("/files/<file_id>")
def delete_own_file(file_id: str) -> Response:
    """Deletes the file for good."""
    delete_file(file_id)
    return Response(status=HTTPStatus.NO_CONTENT)


def _show(file: FileView) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": f"{file.id}.png",
        "content_type": file.media_type,
        "size": file.sent_byte_size,
        "etag": file.sent_sha256,
        "checksums": {"sha256": file.sent_sha256},
        "metadata": {},
        "created_at": file.created_at.isoformat(),
        "expires_at": None if file.expires_at is None else file.expires_at.isoformat(),
        "urls": {"get": f"{get_settings().public_url}/replicate/v1/files/{file.id}"},
    }
