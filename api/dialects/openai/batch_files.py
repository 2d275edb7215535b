"""The files of batches: what was sent, and the lines of what came of it, which are written when they are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from api.authentication import current_account_id
from api.dialects.openai.image_answer import show_images
from api.dialects.openai.states import describe_failure
from api.translation.figures import to_seconds
from api.translation.form import SentFile
from core.batches import batch_files as files
from core.batches.batches import get_batch
from core.batches.image_calls import ImageCall
from core.batches.lines import index_rows, read_line
from core.batches.results import write_errors, write_outputs
from core.batches.submit_lines import read_call
from core.batches.tables import BatchFile
from core.database import transaction
from core.errors import FileNotFound
from core.ids import format_id, parse_id
from core.jobs.views.job_view import JobView

_PREFIXES = ("batchfile", "batchout", "batcherr")


def is_of_batch(file_id: str) -> bool:
    """Whether it is no picture."""
    return file_id.startswith(tuple(f"{prefix}_" for prefix in _PREFIXES))


def keep_requests(part: SentFile) -> dict[str, Any]:
    """A file of requests, which a batch may be made of. Raises TooManyFiles."""
    with transaction() as session:
        return _show(
            files.keep_batch_file(session, account_id=current_account_id(), name=part.filename, body=part.body)
        )


def list_requests() -> list[dict[str, Any]]:
    """The account's files of requests, newest first."""
    with transaction() as session:
        return [_show(file) for file in files.list_batch_files(session, account_id=current_account_id())]


def delete_requests(file_id: str) -> None:
    """Deletes what was sent; what came of it is deleted with its jobs. Raises FileNotFound."""
    id_ = parse_id("batchfile", file_id)
    if id_ is None:
        raise FileNotFound
    with transaction() as session:
        files.delete_batch_file(session, account_id=current_account_id(), file_id=id_)


def show_batch_file(file_id: str) -> dict[str, Any]:
    """The file, without its lines. Raises FileNotFound, and BatchNotFound."""
    prefix, id_ = _parse(file_id)
    with transaction() as session:
        if prefix == "batchfile":
            return _show(files.get_batch_file(session, account_id=current_account_id(), file_id=id_))
        batch = get_batch(session, account_id=current_account_id(), batch_id=id_)
        return _describe(file_id, f"{file_id}.jsonl", batch.created_at, purpose="batch_output", length=0)


def read_batch_file(file_id: str) -> Iterator[bytes]:
    """Its lines. Raises FileNotFound, and BatchNotFound."""
    prefix, id_ = _parse(file_id)
    with transaction() as session:
        if prefix == "batchfile":
            return iter([files.get_batch_file(session, account_id=current_account_id(), file_id=id_).body])
        batch = get_batch(session, account_id=current_account_id(), batch_id=id_)
        text = files.find_batch_file(session, account_id=batch.account_id, file_id=batch.file_id)
    if prefix == "batcherr":
        return write_errors(batch, _show_error)
    # Without the file nobody knows any more how its lines wanted their images.
    rows = {} if text is None else index_rows(text, batch.endpoint)
    return write_outputs(batch, lambda job, custom_id: _show_output(job, rows.get(custom_id, b""), batch.endpoint))


def _show_output(job: JobView, row: bytes, endpoint: str) -> dict[str, Any]:
    line = read_line(row, endpoint)
    plain = ImageCall({}, as_url=False, is_stream=False, partial_images=0, quality="auto")
    return show_images(job, plain if line is None else read_call(line, endpoint))


def _show_error(job: JobView) -> tuple[int, dict[str, Any]]:
    status, type_, code, message = describe_failure(job)
    return status, {"error": {"message": message, "type": type_, "code": code, "param": None}}


def _parse(file_id: str) -> tuple[str, UUID]:
    prefix = file_id.partition("_")[0]
    id_ = parse_id(prefix, file_id)
    if id_ is None or prefix not in _PREFIXES:
        raise FileNotFound
    return prefix, id_


def _show(file: BatchFile) -> dict[str, Any]:
    return _describe(
        format_id("batchfile", file.id), file.name, file.created_at, purpose="batch", length=len(file.body)
    )


def _describe(id_: str, name: str, created_at: Any, *, purpose: str, length: int) -> dict[str, Any]:
    return {
        "id": id_,
        "object": "file",
        "bytes": length,
        "created_at": to_seconds(created_at),
        "filename": name,
        "purpose": purpose,
        "status": "processed",
    }
