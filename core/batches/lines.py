"""The lines of a batch's file: `{"custom_id", "method": "POST", "url", "body"}` each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import FieldError, InvalidRequest

#: Of one file.
MOST_LINES = 50_000

#: Characters: it is a label of the job.
_LONGEST_ID = 512

#: Lines that cannot be worked on, of which an error names each.
_MOST_NAMED = 100


@dataclass(frozen=True)
class Line:
    """One request."""

    custom_id: str
    body: dict[str, Any]


def list_rows(text: bytes) -> list[bytes]:
    """The lines of a file, as they were sent."""
    return [row for row in text.split(b"\n") if row.strip()]


def read_line(row: bytes, endpoint: str) -> Line | None:
    """What stands in a line; None: it is none that can be worked on."""
    try:
        value = json.loads(row)
        line, method, url = Line(value["custom_id"], value["body"]), value["method"], value["url"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_whole = isinstance(line.custom_id, str) and isinstance(line.body, dict)
    return line if is_whole and (method, url) == ("POST", endpoint) else None


def check_lines(text: bytes, endpoint: str) -> int:
    """How many lines a file has. Raises InvalidRequest, naming lines that cannot be worked on."""
    rows = list_rows(text)
    if not 0 < len(rows) <= MOST_LINES:
        raise InvalidRequest([FieldError("input_file_id", f"must have 1 to {MOST_LINES:,} lines", "wrong_length")])
    known: set[str] = set()
    errors: list[FieldError] = []
    for number, row in enumerate(rows, start=1):
        line = read_line(row, endpoint)
        if line is None:
            reason = f"must be an object with custom_id, method POST, url {endpoint} and body"
        elif line.custom_id in known or not 0 < len(line.custom_id) <= _LONGEST_ID:
            reason = f"must have a custom_id of its own, of at most {_LONGEST_ID} characters"
        else:
            known.add(line.custom_id)
            continue
        errors.append(FieldError(f"line {number}", reason))
        if len(errors) == _MOST_NAMED:
            break
    if errors:
        raise InvalidRequest(errors)
    return len(rows)


def index_rows(text: bytes, endpoint: str) -> dict[str, bytes]:
    """The lines of a file that was checked, by their ids."""
    return {line.custom_id: row for row in list_rows(text) if (line := read_line(row, endpoint)) is not None}
