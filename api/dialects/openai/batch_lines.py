"""What the lines of a batch ask for."""

from __future__ import annotations

from api.dialects.openai.edit_images import read_edit_call
from api.dialects.openai.image_request import SENT_AS, ImageCall, read_image_call
from api.translation.submit import submit
from core.batches.lines import Line
from core.errors import FieldError, InvalidRequest

#: The operations that lines may be for.
ENDPOINTS = {"/v1/images/generations": read_image_call, "/v1/images/edits": read_edit_call}

#: A batch ends a day after it was made, as OpenAI has it.
WINDOW_SECONDS = 24 * 3600


def read_call(line: Line, endpoint: str) -> ImageCall:
    """What a line asks for. Raises InvalidRequest."""
    call = ENDPOINTS[endpoint](line.body)
    if call.is_stream:
        raise InvalidRequest([FieldError("stream", "is not for batches", "not_allowed")])
    return call


def submit_line(line: Line, labels: dict[str, str], key: str, *, endpoint: str) -> None:
    """Makes a job of a line: behind all others, if it does not say otherwise. Raises what `submit` raises."""
    fields = read_call(line, endpoint).fields
    metadata = fields.get("metadata") or {}
    fields["metadata"] = {**metadata, **labels} if isinstance(metadata, dict) else metadata
    waits = {"priority": "low", "deadline_seconds": WINDOW_SECONDS}
    submit(waits | fields, sent_as=SENT_AS, idempotency_key=key)
