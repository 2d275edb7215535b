"""`GET /v1/jobs`: page through the account's jobs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.answer import answer
from api.authentication import current_account_id
from api.cursor import check_cursor
from api.jobs.blueprint import jobs_blueprint
from core.database import transaction
from core.ids import format_id, parse_id
from core.jobs.status import JobStatus
from core.jobs.views import read_jobs
from core.jobs.views.build_view import build_job_views
from core.jobs.views.job_view import JobView


class ListJobsQuery(BaseModel):
    """Filter and page."""

    model_config = ConfigDict(extra="forbid")

    status: list[JobStatus] = Field(default=[], description="Only jobs of these statuses (repeat the parameter).")
    limit: int = Field(default=20, ge=1, le=100)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before."
    )

    @property
    def after(self) -> UUID | None:
        return parse_id("cur", self.cursor) if self.cursor else None


class JobList(BaseModel):
    """One page of jobs, newest first."""

    data: list[JobView]
    next_cursor: str | None


@jobs_blueprint.get("/jobs", summary="List jobs", responses={200: JobList})
def list_jobs(query: ListJobsQuery) -> Response:
    """The account's jobs, newest first."""
    with transaction() as session:
        page = read_jobs.list_jobs(
            session, account_id=current_account_id(), statuses=query.status, after=query.after, limit=query.limit
        )
        listed = JobList(
            data=build_job_views(session, page.jobs),
            next_cursor=format_id("cur", page.next_after) if page.next_after else None,
        )
    return answer(listed)
