"""What the operations on many jobs are asked: which jobs, and how many at most."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.jobs.job_filters import JobFilters, Metadata
from api.v1 import describe_problems
from core.errors import FieldError, InvalidRequest
from core.jobs.selection.job_filter import JobFilter

#: What a body may be refused for, beside its fields.
BULK_PROBLEMS = describe_problems(
    {
        400: "The body is not valid JSON.",
        413: "The body is longer than 1 MiB.",
        415: "The body is not application/json.",
    }
)

#: Jobs of one call.
MOST_JOBS = 100

Limit = Annotated[int, Field(strict=True, ge=1, le=MOST_JOBS)]


class BulkRequest(JobFilters):
    """Filters as those of the list. Without a filter, `all` has to be true."""

    metadata: Metadata = Field(
        default={},
        description="With these entries in their metadata, whatever else is in it.",
        examples=[{"user": "17"}],
    )
    favourite: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="True: with an output that is a favourite; false: without one (all but favourites)."
    )
    on_board: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="True: with an output that is on a board; false: without one."
    )
    all: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="True: all of the account's jobs, without a filter."
    )
    limit: Limit = Field(default=MOST_JOBS, description="Jobs of this call at most, the oldest first.")

    def build(self) -> JobFilter:
        """The filter. Raises InvalidRequest if there is none and not all jobs are asked for, or both."""
        wanted = self.build_filter(self.metadata)
        if wanted.is_empty and not self.all:
            raise InvalidRequest(
                [FieldError("all", "has to be true where no filter is given, since all jobs are meant")]
            )
        if self.all and not wanted.is_empty:
            raise InvalidRequest([FieldError("all", "cannot be true beside a filter")])
        return wanted
