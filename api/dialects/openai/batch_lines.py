"""The lines of a batch's file: read, and made jobs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from api.dialects.openai.edit_images import read_edit_call
from api.dialects.openai.image_request import SENT_AS, ImageCall, read_image_call
from api.translation.submit import submit
from core.batches.batches import LABEL, record_submitted
from core.batches.tables import Batch
from core.database import transaction
from core.errors import DarkroomError, FieldError, IdempotencyKeyReused, InvalidRequest, JobDeleted
from core.ids import format_id

#: The operations that lines may be for.
ENDPOINTS = {"/v1/images/generations": read_image_call, "/v1/images/edits": read_edit_call}

#: Of one file: each becomes a job in the request that makes the batch.
MOST_LINES = 1_000

#: Characters: it is a label of the job.
_LONGEST_ID = 512

#: A batch ends a day after it was made, as OpenAI has it.
WINDOW_SECONDS = 24 * 3600

#: Seconds that one request submits lines; the next read of the batch submits more.
_MOST_SECONDS = 20.0


@dataclass(frozen=True)
class Line:
    """One request."""

    custom_id: str
    body: dict[str, Any]


def read_lines(text: bytes, endpoint: str) -> list[Line]:
    """Every line of a file. Raises InvalidRequest, naming each line that cannot be worked on."""
    lines: list[Line] = []
    errors: list[FieldError] = []
    known: set[str] = set()
    rows = [row for row in text.split(b"\n") if row.strip()]
    if not 0 < len(rows) <= MOST_LINES:
        raise InvalidRequest([FieldError("input_file_id", f"must have 1 to {MOST_LINES:,} lines", "wrong_length")])
    for number, row in enumerate(rows, start=1):
        try:
            value = json.loads(row)
            line = Line(value["custom_id"], value["body"])
            is_whole = isinstance(line.custom_id, str) and isinstance(line.body, dict)
            is_right = is_whole and (value["method"], value["url"]) == ("POST", endpoint)
        except (ValueError, KeyError, TypeError, RecursionError):
            is_right = False
        if not is_right:
            reason = f"must be an object with custom_id, method POST, url {endpoint} and body"
        elif line.custom_id in known or not 0 < len(line.custom_id) <= _LONGEST_ID:
            reason = f"must have a custom_id of its own, of at most {_LONGEST_ID} characters"
        else:
            known.add(line.custom_id)
            lines.append(line)
            continue
        errors.append(FieldError(f"line {number}", reason))
    if errors:
        raise InvalidRequest(errors)
    return lines


def read_call(line: Line, endpoint: str) -> ImageCall:
    """What a line asks for. Raises InvalidRequest."""
    call = ENDPOINTS[endpoint](line.body)
    if call.is_stream:
        raise InvalidRequest([FieldError("stream", "is not for batches", "not_allowed")])
    return call


def submit_lines(batch: Batch, lines: list[Line]) -> None:
    """Makes jobs of the lines that are none yet, as far as there is time and the account may have more: each once, whoever else does the
    same at this moment, and whatever was cut short before.
    """
    refused, submitted = list(batch.refused), batch.submitted
    until = time.monotonic() + _MOST_SECONDS
    for number in range(submitted, len(lines)):
        if time.monotonic() > until:
            break
        line = lines[number]
        try:
            _submit(batch, number, line)
        except (InvalidRequest, IdempotencyKeyReused, JobDeleted) as error:
            code = FieldError("body", error.message).code if not isinstance(error, InvalidRequest) else error.code
            refused.append({"custom_id": line.custom_id, "code": code, "message": error.message})
        except DarkroomError:
            # The account has as many jobs as it may, or too much is going on: the next read submits the rest.
            break
        submitted = number + 1
    with transaction() as session:
        record_submitted(session, batch, submitted=submitted, refused=refused)


def _submit(batch: Batch, number: int, line: Line) -> None:
    call = read_call(line, batch.endpoint)
    metadata = call.fields.get("metadata") or {}
    labels = {LABEL: format_id("batch", batch.id), "custom_id": line.custom_id}
    submit(
        {
            "priority": "low",
            "deadline_seconds": WINDOW_SECONDS,
            **call.fields,
            "metadata": {**metadata, **labels} if isinstance(metadata, dict) else metadata,
        },
        sent_as=SENT_AS,
        # No key of a header holds a blank.
        idempotency_key=f"batch {batch.id.hex} {number}",
    )
