"""Make jobs of the lines of batches: as many as an account may have in its queue at once, and the rest as that empties."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import func, select

from core.batches.batch_files import find_batch_file
from core.batches.batches import LABEL, is_unfinished, record_submitted
from core.batches.image_calls import SENT_AS, ImageCall, read_edit_call, read_image_call
from core.batches.lines import Line, list_rows, read_line
from core.batches.tables import Batch
from core.catalog import get_catalog
from core.database import transaction
from core.errors import DarkroomError, FieldError, IdempotencyKeyReused, InvalidRequest, JobDeleted
from core.field_errors import list_field_errors, renamed_errors
from core.ids import format_id
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.settings import get_settings

#: The operations that lines may be for.
ENDPOINTS = {"/v1/images/generations": read_image_call, "/v1/images/edits": read_edit_call}

#: A batch ends a day after it was made, as OpenAI has it.
WINDOW_SECONDS = 24 * 3600

#: The code of lines whose day was over before they were jobs.
EXPIRED = "batch_expired"
_EXPIRED_MESSAGE = "The day of the batch was over before its turn came."

_log = structlog.get_logger()


def read_call(line: Line, endpoint: str) -> ImageCall:
    """What a line asks for. Raises InvalidRequest."""
    call = ENDPOINTS[endpoint](line.body)
    if call.is_stream:
        raise InvalidRequest([FieldError("stream", "is not for batches", "not_allowed")])
    return call


def submit_rest(batch_id: UUID, *, seconds: float) -> None:
    """Makes jobs of the batch's lines that are none yet, for so long, and as far as the account may have more: each once, whatever else
    submits them at this moment, and whatever was cut short before. Lines whose day is over become none.
    """
    with transaction() as session:
        found = session.execute(select(Batch, func.now()).where(Batch.id == batch_id, is_unfinished())).one_or_none()
        if found is None:
            return
        batch, now = found
        text = find_batch_file(session, account_id=batch.account_id, file_id=batch.file_id)
    if text is not None:
        _submit(
            batch, list_rows(text), left=batch.created_at + timedelta(seconds=WINDOW_SECONDS) - now, seconds=seconds
        )


def submit_waiting(*, seconds: float) -> None:
    """Does so for all batches, each for its part of the time."""
    with transaction() as session:
        waiting = session.scalars(select(Batch.id).where(is_unfinished()).order_by(Batch.id)).all()
    for batch_id in waiting:
        try:
            submit_rest(batch_id, seconds=seconds / len(waiting))
        except DarkroomError as error:
            _log.warning("batch_not_submitted", batch_id=format_id("batch", batch_id), error=error.code)


def _submit(batch: Batch, rows: list[bytes], *, left: timedelta, seconds: float) -> None:
    refused, submitted = list(batch.refused), batch.submitted
    until = time.monotonic() + seconds
    for number in range(submitted, len(rows)):
        line = read_line(rows[number], batch.endpoint)
        if line is None:
            raise AssertionError("the lines of a batch were checked when it was made")
        if left <= timedelta(0):
            refused.append({"custom_id": line.custom_id, "code": EXPIRED, "message": _EXPIRED_MESSAGE})
        elif time.monotonic() > until and number > batch.submitted:
            break
        else:
            try:
                _submit_line(batch, line, number, seconds_left=math.ceil(left.total_seconds()))
            except IdempotencyKeyReused:
                # It is a job already, from an earlier moment of the day.
                pass
            except (InvalidRequest, JobDeleted) as error:
                refused.append({"custom_id": line.custom_id, "code": error.code, "message": error.message})
            except DarkroomError:
                # The account has as many jobs as it may, or too much is going on: the rest follows.
                break
        submitted = number + 1
    if submitted > batch.submitted:
        with transaction() as session:
            record_submitted(session, batch, submitted=submitted, refused=refused)


def _submit_line(batch: Batch, line: Line, number: int, *, seconds_left: int) -> None:
    """Makes a job of a line: behind all others, if it does not say otherwise. Raises what `submit_job` raises."""
    with renamed_errors(SENT_AS):
        fields = {"priority": "low", "deadline_seconds": seconds_left, **read_call(line, batch.endpoint).fields}
        metadata = fields.get("metadata") or {}
        labels = {LABEL: format_id("batch", batch.id), "custom_id": line.custom_id}
        fields["metadata"] = {**metadata, **labels} if isinstance(metadata, dict) else metadata
        submit_job(
            Submission(
                request=_read_request(fields),
                account_id=batch.account_id,
                request_id=f"req_{batch.id.hex}",
                # No key of a header holds a blank.
                idempotency_key=f"batch {batch.id.hex} {number}",
                catalog=get_catalog(),
                settings=get_settings(),
            )
        )


def _read_request(fields: dict[str, Any]) -> RenderRequest:
    if fields.get("dry_run"):
        raise InvalidRequest([FieldError("dry_run", "is not for batches", "not_allowed")])
    try:
        return RenderRequest.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise InvalidRequest(list_field_errors(error)) from None
