"""`GET /v1/sweeps/{sweep_id}/jobs`: page through the jobs of a sweep."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.cached_schema import CachedSchema
from api.cursor import check_cursor
from api.sweeps.blueprint import ABSENT, SweepPath, describe, sweeps_blueprint
from core.database import transaction
from core.ids import format_id, parse_id
from core.jobs.selection.job_filter import JobFilter
from core.jobs.selection.select_ids import Order
from core.jobs.status import JobStatus
from core.jobs.views.build_view import show_row
from core.jobs.views.job_view import JobView
from core.jobs.views.list_jobs import list_jobs
from core.sweeps.read_sweeps import read_sweep


class ListSweepJobsQuery(CachedSchema):
    """Filter and page."""

    model_config = ConfigDict(extra="forbid")

    status: list[JobStatus] = Field(default=[], max_length=len(JobStatus), description="Of any of these statuses.")
    order: Order = Field(default="asc", description="`asc`: in the order of the cells; `desc`: the other way round.")
    limit: int = Field(default=20, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before, with the same filter and order."
    )


class SweepJobList(BaseModel):
    """One page of the jobs of a sweep."""

    data: list[JobView]
    next_cursor: str | None


@sweeps_blueprint.get(
    "/sweeps/<sweep_id>/jobs", summary="List the jobs of a sweep", responses={200: SweepJobList, **describe(ABSENT)}
)
def list_sweep_jobs(path: SweepPath, query: ListSweepJobsQuery) -> Response:
    """The jobs of the sweep, in the order of its cells, each with its values on the axes (`sweep.cell`). `GET /v1/jobs?sweep=` finds the
    same jobs, with all filters of the list.
    """
    sweep_id = path.parse()
    with transaction() as session:
        read_sweep(session, account_id=current_account_id(), sweep_id=sweep_id)
        page = list_jobs(
            session.connection(),
            JobFilter(sweep_id=sweep_id, statuses=query.status),
            account_id=current_account_id(),
            limit=query.limit,
            order=query.order,
            after=parse_id("cur", query.cursor) if query.cursor else None,
        )
    cursor = format_id("cur", page.next_after) if page.next_after else None
    return answer(SweepJobList(data=[show_row(row) for row in page.jobs], next_cursor=cursor))
