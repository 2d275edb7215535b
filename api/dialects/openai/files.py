"""`/openai/v1/files`: pictures that calls name by their ids."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request, stream_with_context

from api.dialects.openai.batch_files import (
    delete_requests,
    is_of_batch,
    keep_requests,
    list_requests,
    read_batch_file,
    show_batch_file,
)
from api.dialects.openai.blueprint import openai_blueprint
from api.json_body import takes_images
from api.translation.figures import to_seconds
from api.translation.files import delete_file, find_file, keep_file, list_files, read_file
from api.translation.form import read_form
from api.translation.paging import read_limit
from core.errors import FieldError, InvalidRequest
from core.files.file_view import FileView


@openai_blueprint.post("/files")
@takes_images("file")
def post_file() -> Response:
    """Keeps a picture, or with `purpose` of `batch` the requests of a batch."""
    form = read_form()
    sent = form.files.get("file", [])
    purpose = form.fields.get("purpose", [""])[-1]
    if len(sent) != 1:
        raise InvalidRequest([FieldError("file", "is required: one part with a picture", "required")])
    if not purpose:
        raise InvalidRequest([FieldError("purpose", "is required: vision, or batch", "required")])
    if purpose == "batch":
        return jsonify(keep_requests(sent[0]))
    return jsonify(_show(keep_file(sent[0]), purpose=purpose, filename=sent[0].filename))


@openai_blueprint.get("/files")
def list_own_files() -> Response:
    """The account's pictures, newest first, a page at a time; with `purpose=batch` its files of requests, all of them."""
    if request.args.get("purpose") == "batch":
        return jsonify(object="list", data=list_requests(), has_more=False)
    files, has_more = list_files(limit=read_limit(most=10_000), after=request.args.get("after"))
    shown = [_show(file) for file in files]
    ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {}
    return jsonify(object="list", data=shown, has_more=has_more, **ends)


@openai_blueprint.get("/files/<file_id>")
def read_one_file(file_id: str) -> Response:
    """One file."""
    if is_of_batch(file_id):
        return jsonify(show_batch_file(file_id))
    return jsonify(_show(find_file(file_id)))


@openai_blueprint.get("/files/<file_id>/content")
def read_file_content(file_id: str) -> Response:
    """The picture as it is stored, a PNG; of a batch the lines."""
    if is_of_batch(file_id):
        return Response(stream_with_context(read_batch_file(file_id)), mimetype="application/jsonl")
    return Response(read_file(file_id), mimetype="image/png")


@openai_blueprint.delete("/files/<file_id>")
def delete_one_file(file_id: str) -> Response:
    """Deletes the file for good."""
    if is_of_batch(file_id):
        delete_requests(file_id)
    else:
        delete_file(file_id)
    return jsonify(id=file_id, object="file", deleted=True)


def _show(file: FileView, *, purpose: str = "vision", filename: str | None = None) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.sent_byte_size,
        "created_at": to_seconds(file.created_at),
        "expires_at": None if file.expires_at is None else to_seconds(file.expires_at),
        "filename": filename or f"{file.id}.png",
        "purpose": purpose,
        "status": "processed",
    }
