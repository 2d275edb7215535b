"""The values that a field may have for a model, beside the error of a value that it may not have."""

from __future__ import annotations

from dataclasses import replace

from core.errors import FieldError
from core.jobs.request.parameter_schema import describe_field
from core.jobs.request.parameters import ModelParameters, find_field

#: Errors of a value; those of a field that should be there, or not be there, have no values beside them.
_OF_A_VALUE = frozenset({"wrong_type", "out_of_range", "wrong_length", "not_allowed"})

#: What is said of them, in the words of JSON schema.
_WORDS = frozenset(
    {
        *("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "minItems", "maxItems", "pattern"),
    }
)


#: Their errors are those of a side, and say what is allowed of it.
_IN_ONE_WORD = frozenset({"size", "aspect_ratio"})


def add_allowed(error: FieldError, parameters: ModelParameters) -> FieldError:
    """The error with the set or range of values that the model allows, if its field has one."""
    if error.code not in _OF_A_VALUE or "." in error.field or (error.field in _IN_ONE_WORD and error.allowed):
        return error
    schema = describe_field(find_field(error.field) or error.field, parameters)
    allowed = {word: limit for word, limit in schema.items() if word in _WORDS}
    return replace(error, allowed=allowed) if allowed else error
