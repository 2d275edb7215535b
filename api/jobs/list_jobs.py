"""`GET /v1/jobs`: find jobs of the account, and page through them."""

from __future__ import annotations

import json
from typing import Annotated
from uuid import UUID

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from api.answer import NOT_MODIFIED, answer_version
from api.authentication import core_checks_the_key, current_account_id, current_api_key_id
from api.cursor import check_cursor
from api.jobs.blueprint import jobs_blueprint
from api.jobs.job_filters import JobFilters
from api.jobs.metadata_filter import ANY_METADATA, drop_metadata, read_metadata_filter
from core.database import read_with_one_retry
from core.ids import format_id, parse_id
from core.jobs.selection.select_ids import Order
from core.jobs.views import list_jobs as use_case
from core.jobs.views.build_view import show_row
from core.jobs.views.job_version import name_version
from core.jobs.views.job_view import JobView
from core.jobs.views.select_rows import ALL_FIELDS, LISTED_FIELDS


def _split(names: list[str]) -> list[str]:
    """Names that are separated by commas, and names of parameters that are repeated."""
    split = [name.strip() for text in names for name in text.split(",")]
    if unknown := [name for name in split if name not in ALL_FIELDS]:
        raise ValueError(f"a job has no {unknown[0][:40]!r}: it has {', '.join(JobView.model_fields)}")
    return split


class ListJobsQuery(JobFilters):
    """Filter and page."""

    any_metadata: str | None = ANY_METADATA
    fields_: Annotated[list[str], AfterValidator(_split)] = Field(
        default=[],
        alias="fields",
        description="Only these fields of each job, separated by commas: what is left out is not computed, and no address is "
        "signed for it. Without it every field but `prompt_report`, which is null.",
        examples=[["id,status,progress"]],
        json_schema_extra={"items": {"type": "string", "enum": [*JobView.model_fields]}},
    )
    order: Order = Field(default="desc", description="`desc`: newest first; `asc`: oldest first.")
    limit: int = Field(default=20, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before, with the same filters and order."
    )

    _drop_metadata = model_validator(mode="before")(drop_metadata)

    @property
    def after(self) -> UUID | None:
        return parse_id("cur", self.cursor) if self.cursor else None


#: What is listed if `fields` names less than all.
PartOfJob = create_model(
    "PartOfJob",
    __config__=ConfigDict(extra="forbid"),
    __doc__="The fields of a job that were asked for.",
    **{name: (field.annotation, None) for name, field in JobView.model_fields.items()},  # type: ignore[call-overload]  # mypy cannot read it
)


class JobList(BaseModel):
    """One page of jobs."""

    data: list[JobView | PartOfJob]
    next_cursor: str | None


@jobs_blueprint.get("/jobs", summary="List jobs", responses={200: JobList, **NOT_MODIFIED})
@core_checks_the_key
def list_jobs(query: ListJobsQuery) -> Response:
    """The account's jobs, newest first, that fit all filters. A parameter of several values is repeated
    (`status=queued&status=running`). `metadata.KEY=VALUE` finds jobs with this entry in their metadata.

    A cursor is good for as long as there are jobs: pages neither repeat nor miss one, whatever is sent or ends in between. Send
    the ETag as `If-None-Match`, and an unchanged page is 304.
    """
    wanted = query.build_filter(read_metadata_filter())
    # What is listed without being asked for is less than what is shown: the rest is null.
    fields = frozenset(query.fields_) or LISTED_FIELDS
    page = read_with_one_retry(
        lambda connection: use_case.list_jobs(
            connection,
            wanted,
            account_id=current_account_id(),
            api_key_id=current_api_key_id(),
            limit=query.limit,
            order=query.order,
            after=query.after,
            fields=fields,
        )
    )
    version = name_version(page.jobs, sorted(fields), page.next_after)
    return answer_version(version, lambda: _write(page, frozenset(query.fields_) or ALL_FIELDS))


def _write(page: use_case.JobPage, fields: frozenset[str]) -> str:
    """The page as JSON: views of some fields alone are written one by one, since they are no whole views."""
    jobs = ",".join(show_row(row, fields=fields).model_dump_json() for row in page.jobs)
    cursor = json.dumps(format_id("cur", page.next_after) if page.next_after else None)
    return f'{{"data":[{jobs}],"next_cursor":{cursor}}}'
