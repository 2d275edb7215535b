"""`/openai/v1/batches`: many calls in one file, each of which becomes a job."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, request

from api.authentication import current_account_id
from api.dialects.openai.blueprint import openai_blueprint
from api.translation.figures import to_seconds
from api.translation.paging import read_limit
from api.translation.submit import count_repeats, read_object
from core.batches import batches as use_case
from core.batches.batch_jobs import BatchCounts, count_batch
from core.batches.batch_jobs import cancel_batch as cancel_whole_batch
from core.batches.create_batch import create_batch
from core.batches.submit_lines import ENDPOINTS, EXPIRED, WINDOW_SECONDS, submit_rest
from core.batches.tables import Batch
from core.database import transaction
from core.errors import BatchNotFound, FieldError, InvalidRequest
from core.ids import format_id, parse_id
from core.jobs.status import JobStatus

#: Seconds in which lines become jobs before the answer; the dispatcher sees to the rest.
_SECONDS = 5.0

_FIELDS = frozenset({"input_file_id", "endpoint", "completion_window", "metadata"})


@openai_blueprint.post("/batches")
def post_batch() -> Response:
    """Makes a batch, and jobs of its lines."""
    body = read_object()
    endpoint, metadata = body.get("endpoint"), body.get("metadata") or {}
    file_id = parse_id("batchfile", str(body.get("input_file_id")))
    errors = [FieldError(name, "is not offered", "unknown") for name in body if name not in _FIELDS]
    if str(endpoint) not in ENDPOINTS:
        errors.append(FieldError("endpoint", f"must be one of {', '.join(ENDPOINTS)}", "not_allowed"))
    if file_id is None:
        errors.append(FieldError("input_file_id", "must be the id of a file that was sent for a batch", "not_found"))
    if body.get("completion_window") != "24h":
        errors.append(FieldError("completion_window", "must be 24h", "not_allowed"))
    if not isinstance(metadata, dict):
        errors.append(FieldError("metadata", "must be an object", "wrong_type"))
    if errors or file_id is None:
        raise InvalidRequest(errors)
    batch_id = create_batch(
        account_id=current_account_id(),
        file_id=file_id,
        endpoint=str(endpoint),
        metadata=metadata,
        is_repeated=bool(count_repeats()),
    )
    submit_rest(batch_id, seconds=_SECONDS)
    return jsonify(_read(batch_id))


@openai_blueprint.get("/batches")
def list_batches() -> Response:
    """The account's, newest first."""
    at_most = read_limit()
    after = parse_id("batch", request.args.get("after", ""))
    with transaction() as session:
        found = use_case.list_batches(session, account_id=current_account_id(), after=after, at_most=at_most + 1)
        shown = [_show(batch, count_batch(session, batch)) for batch in found[:at_most]]
    ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {}
    return jsonify(object="list", data=shown, has_more=len(found) > at_most, **ends)


@openai_blueprint.get("/batches/<batch_id>")
def read_batch(batch_id: str) -> Response:
    """The batch as it stands."""
    return jsonify(_read(parse_batch_id(batch_id)))


@openai_blueprint.post("/batches/<batch_id>/cancel")
def cancel_batch(batch_id: str) -> Response:
    """Cancels every job of it that has not ended."""
    id_ = parse_batch_id(batch_id)
    cancel_whole_batch(account_id=current_account_id(), batch_id=id_)
    return jsonify(_read(id_))


def parse_batch_id(text: str) -> UUID:
    """Raises BatchNotFound."""
    id_ = parse_id("batch", text)
    if id_ is None:
        raise BatchNotFound
    return id_


def _read(batch_id: UUID) -> dict[str, Any]:
    with transaction() as session:
        batch = use_case.get_batch(session, account_id=current_account_id(), batch_id=batch_id)
        return _show(batch, count_batch(session, batch))


def _show(batch: Batch, counts: BatchCounts) -> dict[str, Any]:
    status = _name_status(batch, counts)
    succeeded = counts.by_status[JobStatus.SUCCEEDED]
    ended = sum(counts.by_status.values()) - counts.unfinished
    is_over = status in {"completed", "expired", "cancelled"}
    has_errors = is_over and (ended > succeeded or bool(batch.refused))
    created_at = to_seconds(batch.created_at)
    finished_at = to_seconds(counts.finished_at or batch.created_at)
    refused = [{**each, "line": None, "param": None} for each in batch.refused if "custom_id" not in each]
    return {
        "id": format_id("batch", batch.id),
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": {"object": "list", "data": refused} if refused else None,
        "input_file_id": format_id("batchfile", batch.file_id),
        "completion_window": "24h",
        "status": status,
        "output_file_id": format_id("batchout", batch.id) if is_over and succeeded else None,
        "error_file_id": format_id("batcherr", batch.id) if has_errors else None,
        "created_at": created_at,
        "in_progress_at": created_at if batch.lines else None,
        "expires_at": created_at + WINDOW_SECONDS,
        f"{status}_at": to_seconds(batch.cancel_requested_at)
        if status == "cancelling" and batch.cancel_requested_at
        else finished_at,
        "request_counts": {
            "total": batch.lines,
            "completed": succeeded,
            "failed": ended - succeeded + len(batch.refused) - len(refused),
        },
        "metadata": batch.metadata_,
    }


def _name_status(batch: Batch, counts: BatchCounts) -> str:
    if not batch.lines:
        return "failed"
    if batch.cancel_requested_at is not None:
        return "cancelling" if counts.unfinished else "cancelled"
    if counts.unfinished or batch.submitted < batch.lines:
        return "in_progress" if batch.submitted else "validating"
    is_expired = counts.expired or any(each["code"] == EXPIRED for each in batch.refused)
    return "expired" if is_expired else "completed"
