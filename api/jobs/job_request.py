"""The body of a submit: what it asks for, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from flask import g
from pydantic import ValidationError, model_validator

from api.authentication import current_account_id, current_api_key_id
from core.catalog import get_catalog
from core.errors import FieldError, InvalidRequest
from core.field_errors import list_field_errors
from core.jobs.request.collect_errors import find_base
from core.jobs.request.parameters import find_field
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.check_request import complete_problems
from core.jobs.submit.new_job import Submission
from core.settings import get_settings


class JobRequest(RenderRequest):
    __doc__ = RenderRequest.__doc__

    @model_validator(mode="wrap")
    @classmethod
    def _or_everything_that_is_wrong(cls, fields: Any, validate: Callable[[Any], Self]) -> Self:
        """Raises InvalidRequest with what the fields themselves, the pictures, the model and the account do not allow."""
        try:
            return validate(fields)
        except ValidationError as error:
            problems = _complete(fields, list_field_errors(error))
        raise InvalidRequest(problems)


def build_submission(request: RenderRequest, *, idempotency_key: str | None = None) -> Submission:
    """What the caller of this operation submits."""
    return Submission(
        request=request,
        account_id=current_account_id(),
        api_key_id=current_api_key_id(),
        request_id=g.request_id,
        idempotency_key=idempotency_key,
        catalog=get_catalog(),
        settings=get_settings(),
    )


def _complete(fields: Any, errors: list[FieldError]) -> list[FieldError]:
    """What is wrong with the fields that are values of their types, beside those that are not."""
    wrong = {find_field(find_base(error)) or find_base(error) for error in errors}
    if not isinstance(fields, dict) or wrong & {*IMAGE_FIELDS, "model", "task", "expand"}:
        # What else is wrong depends on these.
        return errors
    rest = {name: value for name, value in fields.items() if (find_field(name) or name) not in wrong}
    return complete_problems(build_submission(RenderRequest.model_validate(rest)), errors)
