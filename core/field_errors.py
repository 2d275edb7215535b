"""What pydantic says of a request, as errors of its fields; and errors of fields that the sender calls otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from core.errors import FieldCode, FieldError, InvalidRequest

#: By pydantic's kind of error; a kind that ends in `_type` or `_parsing` is a wrong type.
_CODES: dict[str, FieldCode] = {
    "missing": "required",
    "extra_forbidden": "unknown",
    "literal_error": "not_allowed",
    "enum": "not_allowed",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "multiple_of": "out_of_range",
    "finite_number": "out_of_range",
    "string_too_long": "wrong_length",
    "string_too_short": "wrong_length",
    "too_long": "wrong_length",
    "too_short": "wrong_length",
    "int_from_float": "wrong_type",
}

#: JSON schema's words for the limits that pydantic's errors name.
_NUMBERS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"} | {
    "multiple_of": "multipleOf"
}
_LENGTHS = {
    "string_too": {"min_length": "minLength", "max_length": "maxLength"},
    "too": {"min_length": "minItems", "max_length": "maxItems"},
}

#: In our words, where pydantic's are for programmers.
_MESSAGES = {"missing": "is required", "extra_forbidden": "there is no such parameter"}

_QUOTED = re.compile(r"'([^']*)'")


def list_field_errors(error: ValidationError) -> list[FieldError]:
    """Everything that pydantic found. What was sent is not repeated: prompts are personal data."""
    return [
        FieldError(
            ".".join(str(part) for part in found["loc"]) or "body",
            _MESSAGES.get(found["type"]) or found["msg"].removeprefix("Value error, "),
            code=_find_code(found["type"]),
            allowed=_find_allowed(found["type"], found.get("ctx", {})),
        )
        for found in error.errors(include_url=False, include_input=False)
    ]


def _find_code(kind: str) -> FieldCode:
    if kind in _CODES:
        return _CODES[kind]
    return "wrong_type" if kind.endswith(("_type", "_parsing")) else "invalid"


def _find_allowed(kind: str, context: Mapping[str, Any]) -> dict[str, Any] | None:
    if kind in {"literal_error", "enum"}:
        return {"enum": _QUOTED.findall(context["expected"])}
    words = _NUMBERS | _LENGTHS.get(kind.rpartition("_")[0], {})
    return {words[name]: limit for name, limit in context.items() if name in words} or None


@contextmanager
def renamed_errors(sent_as: Mapping[str, str]) -> Iterator[None]:
    """Errors of fields that are raised in the block name each as the client has it."""
    try:
        yield
    except InvalidRequest as error:
        raise InvalidRequest([replace(each, field=_rename(each.field, sent_as)) for each in error.errors]) from None


def _rename(field: str, sent_as: Mapping[str, str]) -> str:
    if field in sent_as:
        return sent_as[field]
    base, dot, rest = field.partition(".")
    return f"{sent_as.get(base, base)}{dot}{rest}"
