"""Every cell of a sweep as a job that could be queued, or everything that is wrong with the cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from core.catalog import Catalog
from core.errors import MOST_FIELD_ERRORS, FieldError, InvalidRequest
from core.field_errors import list_field_errors
from core.ids import new_id
from core.jobs.request.collect_errors import find_base
from core.jobs.request.input_images import FoundInputs, resolve_inputs, take_out_images
from core.jobs.request.parameters import find_field
from core.jobs.request.picture_addresses import list_addresses
from core.jobs.request.picture_fields import IMAGE_FIELDS, list_all_places
from core.jobs.request.render_request import RenderRequest
from core.jobs.submit.await_pictures import leave_open
from core.jobs.submit.check_request import complete_problems, list_retention_errors
from core.jobs.submit.choose_style import choose_style
from core.jobs.submit.new_job import NewJob, Submission, build_new_job
from core.pictures.data_uri import find_picture
from core.settings import Settings
from core.sweeps.axes import Axes

_NO_PICTURE = "must name a file or an artifact of yours, or an address: send the picture to POST /v1/files first"


@dataclass(frozen=True)
class Sender:
    """Who sends a sweep, and what its cells are resolved with."""

    account_id: UUID
    #: The public part of the API key; None: it came without one, as from a test.
    api_key_id: str | None
    request_id: str
    catalog: Catalog
    settings: Settings


@dataclass(frozen=True)
class CheckedCell:
    """A cell without errors: its values on the axes, and the job that it becomes."""

    values: dict[str, Any]
    submission: Submission
    job: NewJob
    inputs: FoundInputs


def check_cells(session: Session, axes: Axes, base: Mapping[str, Any], sender: Sender) -> list[CheckedCell]:
    """The cells, in their order. The pictures that they name are locked until the caller's transaction ends. Raises
    InvalidRequest with every value of an axis, and every field of `base`, that is wrong in a cell.
    """
    ids = iter(sorted(new_id() for _ in range(axes.cells)))
    pictures = _Pictures(session, sender.account_id)
    found: list[CheckedCell] = []
    #: By the sender's field and the message, the cells that the error was found in.
    wrong: defaultdict[tuple[str, str], list[tuple[dict[str, Any], FieldError]]] = defaultdict(list)
    for values in axes.list_cells():
        try:
            found.append(_check_cell(pictures, base, values, sender, next(ids)))
        except InvalidRequest as error:
            for each in error.errors:
                wrong[_name_field(axes, values, each), each.message].append((values, each))
    if wrong:
        raise InvalidRequest(
            [_describe(axes, field, cells) for (field, _), cells in wrong.items()][: MOST_FIELD_ERRORS + 1]
        )
    return found


def lock_pictures(
    session: Session, cells: list[CheckedCell], axes: Axes, base: Mapping[str, Any], sender: Sender
) -> list[CheckedCell]:
    """The cells that were checked a moment ago, for the transaction that queues them: those that start from pictures are checked once
    more, since these may have gone, and now they are locked. Raises InvalidRequest.
    """
    return check_cells(session, axes, base, sender) if any(cell.inputs.sources for cell in cells) else cells


def _check_cell(
    pictures: _Pictures, base: Mapping[str, Any], values: dict[str, Any], sender: Sender, job_id: UUID
) -> CheckedCell:
    fields = {**base, **values}

    def submit(request: RenderRequest) -> Submission:
        return Submission(
            request=request,
            account_id=sender.account_id,
            api_key_id=sender.api_key_id,
            request_id=sender.request_id,
            catalog=sender.catalog,
            settings=sender.settings,
            job_id=job_id,
        )

    try:
        request = RenderRequest.model_validate(fields)
    except ValidationError as error:
        errors = list_field_errors(error)
        named = {find_field(find_base(each)) or find_base(each) for each in errors}
        if not named & {*IMAGE_FIELDS, "model", "task", "expand"}:
            rest = {name: value for name, value in fields.items() if (find_field(name) or name) not in named}
            submission, others = _settle_style(pictures.session, submit(RenderRequest.model_validate(rest)))
            errors = complete_problems(submission, [*errors, *others], pictures_are_checked=True)
        raise InvalidRequest(errors) from None
    request, inputs = pictures.find(request)
    submission, errors = _settle_style(pictures.session, submit(request))
    if errors:
        raise InvalidRequest(complete_problems(submission, errors, pictures_are_checked=True))
    job = build_new_job(submission, input_sizes=inputs.sizes)
    if retention := list_retention_errors(pictures.session, submission):
        raise InvalidRequest(retention)
    if list_addresses(job.request):
        leave_open(submission, job)
    return CheckedCell(values, submission, job, inputs)


def _settle_style(session: Session, submission: Submission) -> tuple[Submission, list[FieldError]]:
    """The submission with its style, or what is wrong with that."""
    try:
        return choose_style(submission, session), []
    except InvalidRequest as found:
        return submission, found.errors


class _Pictures:
    """What the cells start from: most of them from the same pictures, which are looked up once."""

    def __init__(self, session: Session, account_id: UUID) -> None:
        self.session = session
        self._account_id = account_id
        self._found: dict[tuple[Any, ...], tuple[dict[str, Any], FoundInputs]] = {}

    def find(self, request: RenderRequest) -> tuple[RenderRequest, FoundInputs]:
        """The request with ids in the places of links to our own store. Raises InvalidRequest with each place."""
        named = tuple(getattr(request, field) for field in IMAGE_FIELDS)
        if not any(named):
            return request, FoundInputs({}, set())
        if named not in self._found:
            places = list_all_places(dict(zip(IMAGE_FIELDS, named, strict=True)))
            errors = [FieldError(place, _NO_PICTURE) for place, source in places.items() if find_picture(source)]
            if errors:
                raise InvalidRequest(errors)
            taken, _ = take_out_images(request, job_id=new_id(), account_id=self._account_id)
            inputs = resolve_inputs(self.session, taken, [], account_id=self._account_id)
            self._found[named] = ({field: getattr(taken, field) for field in IMAGE_FIELDS}, inputs)
        pictures, inputs = self._found[named]
        given = {field: picture for field, picture in pictures.items() if picture is not None}
        return request.model_copy(update=given), inputs


def _name_field(axes: Axes, values: Mapping[str, Any], error: FieldError) -> str:
    """Where the sender of the sweep wrote what is wrong in a cell."""
    base = find_base(error)
    field = find_field(base) or base
    name = next((name for name in values if name == base or find_field(name) == field), None)
    if name is None:
        return error.field if error.field == "body" else f"base.{error.field}"
    return axes.name_value(name, values[name]) + error.field[len(base) :]


def _describe(axes: Axes, field: str, cells: list[tuple[dict[str, Any], FieldError]]) -> FieldError:
    """The error as the sender reads it: with the other values of a cell, if it is right in other cells."""
    values, error = cells[0]
    same = [
        {name for name, value in values.items() if all(cell[name] == value for cell, _ in cells)},
        {name for name, given in axes.list_values().items() if len(given) > 1},
    ]
    with_ = [
        f"{name} {value!r:.60}"
        for name, value in values.items()
        if name in same[0] & same[1]
        and name not in {"prompt", "seed"}
        and not field.startswith(axes.name_value(name, value))
    ]
    message = f"{error.message} (with {', '.join(with_)})" if with_ else error.message
    return replace(error, field=field, message=message)
