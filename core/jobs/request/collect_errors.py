"""Everything that is wrong with a request at once, from checks of which each needs what the one before has found right."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from core.errors import MOST_FIELD_ERRORS, FieldError, InvalidRequest
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.request.render_request import RenderRequest

#: What else is wrong depends on these: with another model or task, other fields are.
_DECIDE_THE_REST = frozenset({"model", "task", "expand"})

#: Resolves a request, or raises InvalidRequest; it says nothing of the fields that are known to be wrong.
Resolve = Callable[[RenderRequest, Collection[str]], object]


def collect_errors(request: RenderRequest, first: Iterable[FieldError], resolve: Resolve) -> list[FieldError]:
    """The errors that a check has found, and those that the next ones find in what is left of the request without them."""
    errors = list(first)
    wrong = _list_fields(errors)
    while len(errors) <= MOST_FIELD_ERRORS and not wrong & _DECIDE_THE_REST:
        try:
            resolve(_leave_out(request, wrong), wrong)
        except InvalidRequest as further:
            new = [error for error in further.errors if find_base(error) not in wrong]
        else:
            return errors
        if not new:
            return errors
        errors += new
        wrong |= _list_fields(new)
    return errors


def _list_fields(errors: Iterable[FieldError]) -> set[str]:
    return {find_base(error) for error in errors}


def find_base(error: FieldError) -> str:
    """The field of the request that the error is in."""
    return error.field.partition(".")[0]


def _leave_out(request: RenderRequest, wrong: Collection[str]) -> RenderRequest:
    """The request with the defaults of these fields. Pictures stay: which of them there are decides the task."""
    kept = {name: value for name, value in request if name not in wrong or name in IMAGE_FIELDS}
    return RenderRequest.model_construct(request.model_fields_set & kept.keys(), **kept)
