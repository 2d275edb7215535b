"""What the caller got wrong in a request, whatever it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.errors.base import DarkroomError

FieldCode = Literal[
    "required",
    "unknown",
    "other_name",
    "not_for_model",
    "needs_other_field",
    "conflict",
    "wrong_type",
    "out_of_range",
    "wrong_length",
    "not_allowed",
    "not_found",
    "not_a_picture",
    "not_readable",
    "invalid",
]


@dataclass(frozen=True)
class FieldError:
    """One field of a request and what is wrong with it; `field` is a dotted path such as `metadata.order`."""

    field: str
    message: str
    #: The stable word for programs.
    code: FieldCode = "invalid"
    #: The values that the field may have, in the words of JSON schema: `enum`, `minimum`, `maximum`, `multipleOf`, …
    allowed: Mapping[str, Any] | None = None


#: Fields that one answer complains of: it is never much longer than the request.
MOST_FIELD_ERRORS = 20

#: Characters of a field's name that an answer repeats: an unknown name can be of any length.
LONGEST_FIELD_NAME = 100


class InvalidRequest(DarkroomError):
    """The request is not valid."""

    code = "invalid_request"

    def __init__(self, errors: list[FieldError]) -> None:
        self.errors = errors
        sentences = [f"{error.field[:LONGEST_FIELD_NAME]}: {error.message}" for error in errors[:MOST_FIELD_ERRORS]]
        if len(errors) > MOST_FIELD_ERRORS:
            sentences.append("and more")
        super().__init__("; ".join(sentences))


class NotAuthenticated(DarkroomError):
    """A valid API key is required: send it as `Authorization: Bearer dk_…`."""

    code = "not_authenticated"


class IdempotencyKeyReused(DarkroomError):
    """This Idempotency-Key was already used with another request body."""

    code = "idempotency_key_reused"


class ClientIdTaken(DarkroomError):
    """This id was already given to a job with another request body."""

    code = "client_id_taken"
