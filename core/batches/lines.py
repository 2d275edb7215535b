"""The lines of a batch's file: read, and made jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.batches.batches import LABEL, record_submitted
from core.batches.tables import Batch
from core.database import transaction
from core.errors import DarkroomError, FieldError, IdempotencyKeyReused, InvalidRequest, JobDeleted
from core.ids import format_id

#: Of one file.
MOST_LINES = 1_000

#: Characters: it is a label of the job.
_LONGEST_ID = 512

#: Seconds that one request submits lines; the next read of the batch submits more.
_MOST_SECONDS = 20.0


@dataclass(frozen=True)
class Line:
    """One request."""

    custom_id: str
    body: dict[str, Any]


def read_lines(text: bytes, endpoint: str) -> list[Line]:
    """Every line of a file: `{"custom_id", "method": "POST", "url", "body"}`. Raises InvalidRequest, naming each line that cannot be
    worked on.
    """
    rows = [row for row in text.split(b"\n") if row.strip()]
    if not 0 < len(rows) <= MOST_LINES:
        raise InvalidRequest([FieldError("input_file_id", f"must have 1 to {MOST_LINES:,} lines", "wrong_length")])
    lines: dict[str, Line] = {}
    errors: list[FieldError] = []
    for number, row in enumerate(rows, start=1):
        line = _read_line(row, endpoint)
        if line is None:
            reason = f"must be an object with custom_id, method POST, url {endpoint} and body"
        elif line.custom_id in lines or not 0 < len(line.custom_id) <= _LONGEST_ID:
            reason = f"must have a custom_id of its own, of at most {_LONGEST_ID} characters"
        else:
            lines[line.custom_id] = line
            continue
        errors.append(FieldError(f"line {number}", reason))
    if errors:
        raise InvalidRequest(errors)
    return list(lines.values())


def submit_lines(batch: Batch, lines: list[Line], submit: Callable[[Line, dict[str, str], str], None]) -> None:
    """Makes jobs of the lines that are none yet, as far as there is time and the account may have more: each once, whoever else does the
    same at this moment, and whatever was cut short before. `submit` gets a line, the labels of its job, and its idempotency key.
    """
    refused, submitted = list(batch.refused), batch.submitted
    name = format_id("batch", batch.id)
    until = time.monotonic() + _MOST_SECONDS
    for number in range(submitted, len(lines)):
        if time.monotonic() > until:
            break
        line = lines[number]
        try:
            # No key of a header holds a blank.
            submit(line, {LABEL: name, "custom_id": line.custom_id}, f"batch {batch.id.hex} {number}")
        except (InvalidRequest, IdempotencyKeyReused, JobDeleted) as error:
            refused.append({"custom_id": line.custom_id, "code": error.code, "message": error.message})
        except DarkroomError:
            # The account has as many jobs as it may, or too much is going on: the next read submits the rest.
            break
        submitted = number + 1
    with transaction() as session:
        record_submitted(session, batch, submitted=submitted, refused=refused)


def _read_line(row: bytes, endpoint: str) -> Line | None:
    try:
        value = json.loads(row)
        line, method, url = Line(value["custom_id"], value["body"]), value["method"], value["url"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_whole = isinstance(line.custom_id, str) and isinstance(line.body, dict)
    return line if is_whole and (method, url) == ("POST", endpoint) else None
