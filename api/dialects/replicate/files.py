"""`/replicate/v1/files`: pictures that predictions start from."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request

from api.dialects.replicate.blueprint import replicate_blueprint
from api.json_body import takes_images
from api.translation.files import delete_file, find_file, keep_file, list_files
from api.translation.form import read_form
from api.translation.submit import renamed_errors
from core.errors import FieldError, InvalidRequest
from core.files.file_view import FileView
from core.settings import get_settings

_MOST_LISTED = 100


@replicate_blueprint.post("/files")
@takes_images("content")
def create_file() -> Response:
    """Keeps a picture. Its bytes decide what it is."""
    form = read_form()
    sent = form.files.get("content", [])
    if len(sent) != 1:
        raise InvalidRequest([FieldError("content", "is required: one part with a picture", "required")])
    # The first client sends it as JSON, the second each of its fields as `metadata[name]`.
    sent_metadata = [
        *form.fields.get("metadata", []),
        *(part.body.decode(errors="replace") for part in form.files.get("metadata", [])),
    ]
    if any(name.startswith("metadata[") for name in form.fields) or {*sent_metadata} - {"", "{}"}:
        raise InvalidRequest([FieldError("metadata", "is not kept with files", "not_allowed")])
    with renamed_errors({"file": "content"}):
        file = keep_file(sent[0])
    return Response(json.dumps(_show(file)), HTTPStatus.CREATED, mimetype="application/json")


@replicate_blueprint.get("/files")
def list_own_files() -> Response:
    """The account's files, newest first, a page at a time."""
    files, has_more = list_files(limit=_MOST_LISTED, after=request.args.get("cursor"))
    following = f"{_build_url('')}?cursor={files[-1].id}" if has_more else None
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
        "urls": {"get": _build_url(f"/{file.id}")},
    }


def _build_url(path: str) -> str:
    return f"{get_settings().public_url}/replicate/v1/files{path}"
