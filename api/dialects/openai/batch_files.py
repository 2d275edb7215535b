"""The files of batches: what was sent, and the lines of what came of it, which are written when they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from api.authentication import current_account_id
from api.dialects.openai.batch_lines import Line, read_call, read_lines
from api.dialects.openai.image_answer import show_images, to_seconds
from api.dialects.openai.image_request import ImageCall
from api.dialects.openai.states import describe_failure
from api.translation.form import SentFile
from core.batches import batch_files as files
from core.batches.batches import LABEL, get_batch
from core.batches.tables import Batch, BatchFile
from core.database import read_with_one_retry, transaction
from core.errors import DarkroomError, FileNotFound
from core.ids import format_id, parse_id
from core.jobs.selection.job_filter import JobFilter
from core.jobs.status import FINISHED, JobStatus
from core.jobs.views.build_view import show_row
from core.jobs.views.job_view import JobView
from core.jobs.views.list_jobs import JobPage, list_jobs

_PREFIXES = ("batchfile", "batchout", "batcherr")

#: Jobs that are read at a time.
_PAGE = 20


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
        lines = _find_lines(batch)
    return _write_lines(batch, lines, is_output=prefix == "batchout")


def _find_lines(batch: Batch) -> dict[str, Line]:
    try:
        with transaction() as session:
            text = files.get_batch_file(session, account_id=batch.account_id, file_id=batch.file_id).body
        return {line.custom_id: line for line in read_lines(text, batch.endpoint)}
    except DarkroomError:
        # It was deleted. How its lines wanted their images is not known any more.
        return {}


def _write_lines(batch: Batch, lines: dict[str, Line], *, is_output: bool) -> Iterator[bytes]:
    for job in _list_jobs(batch):
        if job.status not in FINISHED or (job.status == JobStatus.SUCCEEDED) is not is_output:
            continue
        custom_id = job.metadata.get("custom_id", "")
        try:
            status, body = 200, _show_job(job, lines.get(custom_id), batch.endpoint)
        except DarkroomError as gone:
            # Its images are not there any more.
            status, body = (
                404,
                {"error": {"message": gone.message, "type": "invalid_request_error", "code": gone.code}},
            )
        if not is_output:
            status, type_, code, message = describe_failure(job)
            body = {"error": {"message": message, "type": type_, "code": code, "param": None}}
        yield _write(job.id, custom_id, {"status_code": status, "request_id": job.id, "body": body}, None)
    for number, refused in enumerate([] if is_output else batch.refused):
        if "custom_id" in refused:
            error = {"code": refused["code"], "message": refused["message"]}
            yield _write(f"{batch.id.hex}_{number}", refused["custom_id"], None, error)


def _show_job(job: JobView, line: Line | None, endpoint: str) -> dict[str, Any]:
    if job.status != JobStatus.SUCCEEDED:
        return {}
    plain = ImageCall({}, as_url=False, is_stream=False, partial_images=0, quality="auto")
    return show_images(job, plain if line is None else read_call(line, endpoint))


def _write(id_: str, custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None) -> bytes:
    line = {"id": f"batch_req_{id_}", "custom_id": custom_id, "response": response, "error": error}
    return json.dumps(line).encode() + b"\n"


def _list_jobs(batch: Batch) -> Iterator[JobView]:
    page = _read_page(batch, None)
    yield from map(show_row, page.jobs)
    while page.next_after is not None:
        page = _read_page(batch, page.next_after)
        yield from map(show_row, page.jobs)


def _read_page(batch: Batch, after: UUID | None) -> JobPage:
    wanted = JobFilter(metadata={LABEL: format_id("batch", batch.id)})
    return read_with_one_retry(
        lambda connection: list_jobs(
            connection, wanted, account_id=batch.account_id, limit=_PAGE, order="asc", after=after
        )
    )


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
