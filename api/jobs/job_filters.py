"""The filters of jobs, as queries and bodies give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

from api.cached_schema import CachedSchema
from core.catalog.families import Task
from core.ids import parse_id
from core.jobs.request.job_options import MetadataKey, MetadataValue
from core.jobs.selection.job_filter import JobFilter
from core.jobs.status import JobStatus
from core.plain_text import plain_text

_MOST_VALUES = 50
_LONGEST_NAME = 200
_LONGEST_SEARCH = 500

#: A plus sign that was not escaped in a query arrives as a blank.
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)")

#: What a time begins with.
_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _restore_plus(value: Any) -> Any:
    if not isinstance(value, str) or not _DATE.match(value):
        # A number would be read as seconds since 1970.
        raise ValueError("must be a time in the form of RFC 3339, such as 2026-11-30T12:00:00Z")
    return _LOST_PLUS.sub("+", value)


def _in_utc(moment: datetime) -> datetime:
    """The same moment. PostgreSQL reads no offset of 16 hours or more, which RFC 3339 permits."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time of the years 1 to 9999, in UTC") from None


def _is_a_sweep(text: str) -> str:
    if parse_id("sweep", text) is None:
        raise ValueError("is not the id of a sweep")
    return text


def _has_a_word(text: str) -> str:
    if not re.search(r"[^\W_]", text):
        raise ValueError("has no word to look for")
    return text


Moment = Annotated[AwareDatetime, BeforeValidator(_restore_plus), AfterValidator(_in_utc)]
ModelName = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME), plain_text(at_most=_LONGEST_NAME)]
StyleText = Annotated[str, Field(min_length=1, max_length=64), plain_text(at_most=64)]
SweepId = Annotated[str, AfterValidator(_is_a_sweep)]
SearchText = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_SEARCH),
    plain_text(at_most=_LONGEST_SEARCH),
    AfterValidator(_has_a_word),
]


class JobFilters(CachedSchema):
    """What jobs are filtered by; they fit all that is given."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    status: list[JobStatus] = Field(default=[], max_length=len(JobStatus), description="Of any of these statuses.")
    model: list[ModelName] = Field(
        default=[], max_length=_MOST_VALUES, description="Of any of these models.", examples=[["picturebook"]]
    )
    task: list[Task] = Field(default=[], max_length=_MOST_VALUES, description="Of any of these tasks.")
    style: list[StyleText] = Field(
        default=[],
        max_length=_MOST_VALUES,
        description="Sent with any of these styles.",
        examples=[["packshot-on-white"]],
    )
    sweep: SweepId | None = Field(
        default=None, description="Of this sweep.", examples=["sweep_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"]
    )
    created_after: Moment | None = Field(
        default=None, description="Accepted at this time or later (RFC 3339, with a time zone)."
    )
    created_before: Moment | None = Field(default=None, description="Accepted before this time.")
    prompt: SearchText | None = Field(
        default=None,
        description='Whose prompt has all these words, in any order and case; `"red mug"` is a phrase, `or` an alternative, and '
        "a minus excludes a word. Words are compared as they are: *mugs* is not *mug*.",
        examples=["red mug -blue"],
    )

    derived_from: str | None = Field(
        default=None,
        pattern="^job_[0-9a-f]{32}$",
        description="Made from this job, by `retry`, `replay` or `vary`.",
        examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"],
    )

    favourite: bool | None = Field(
        default=None, description="True: with an output that is a favourite; false: without one."
    )
    on_board: bool | None = Field(
        default=None, description="True: with an output that is on a board; false: without one."
    )

    def build_filter(self, metadata: Mapping[str, str]) -> JobFilter:
        """The filter, with the entries that the jobs' metadata have to have."""
        return JobFilter(
            statuses=self.status,
            models=self.model,
            tasks=self.task,
            styles=self.style,
            sweep_id=parse_id("sweep", self.sweep) if self.sweep else None,
            created_after=self.created_after,
            created_before=self.created_before,
            metadata=metadata,
            prompt=self.prompt,
            derived_from=self.derived_from,
            favourite=self.favourite,
            on_board=self.on_board,
        )


Metadata = dict[MetadataKey, MetadataValue]
