"""`metadata.KEY=VALUE` in a query: parameters whose names are the caller's own."""

from __future__ import annotations

from typing import Any

from flask import request
from pydantic import Field, TypeAdapter, ValidationError

from api.jobs.job_filters import Metadata
from core.errors import FieldError, InvalidRequest

_PREFIX = "metadata."

_METADATA: TypeAdapter[dict[str, str]] = TypeAdapter(Metadata)

#: The field that stands for all of them in the API document.
ANY_METADATA: Any = Field(
    default=None,
    alias=f"{_PREFIX}user",
    description="With this value in their metadata. `user` stands for any key: `metadata.order=17` finds the jobs that were sent "
    'with `"metadata": {"order": "17"}`, whatever else is in it.',
)


def drop_metadata(values: Any) -> Any:
    """The parameters of a query without those of metadata, which `read_metadata_filter` reads."""
    return {name: value for name, value in values.items() if not name.startswith(_PREFIX)}


def read_metadata_filter() -> dict[str, str]:
    """The entries of metadata that the query of the request wants. Raises InvalidRequest naming the parameter."""
    wanted: dict[str, str] = {}
    errors: list[FieldError] = []
    for name, values in request.args.lists():
        if not name.startswith(_PREFIX):
            continue
        if len(values) > 1:
            errors.append(FieldError(name, "is given more than once: an entry has one value"))
        wanted[name.removeprefix(_PREFIX)] = values[0]
    try:
        checked = _METADATA.validate_python(wanted)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False, include_context=False):
            message = item["msg"].removeprefix("Value error, ")
            errors.append(FieldError(f"{_PREFIX}{item['loc'][0]}", message))
    if errors:
        raise InvalidRequest(errors)
    return checked
