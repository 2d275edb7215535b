"""Send, read, cancel and find jobs."""

from __future__ import annotations

import json
from typing import Annotated, Any

from mcp_types import CallToolResult
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.authentication import current_account_id
from api.cursor import check_cursor
from api.dialects.mcp.tools.shown_job import describe_job, show_job
from api.dialects.mcp.tools.tool import build_result, tool
from api.idempotency_key import LONGEST_KEY, IdempotencyKeyText
from api.jobs.job_filters import JobFilters, Metadata
from api.translation import jobs
from api.translation.submit import submit
from core.database import read_with_one_retry
from core.ids import format_id, parse_id
from core.jobs.request.render_request import RenderRequest
from core.jobs.views.build_view import show_row
from core.jobs.views.list_jobs import list_jobs
from core.jobs.views.select_rows import LISTED_FIELDS

#: Fields of `POST /v1/jobs` that are described. All others are taken as well.
_DESCRIBED = (
    *("prompt", "negative_prompt", "model", "style", "aspect_ratio", "width", "height", "num_images", "seed"),
    *(
        "num_inference_steps",
        "guidance_scale",
        "image",
        "mask_image",
        "strength",
        "output_format",
        "priority",
        "metadata",
    ),
)


def _describe_fields(schema: dict[str, Any]) -> None:
    whole = RenderRequest.model_json_schema()["properties"]
    text = json.dumps({name: whole[name] for name in _DESCRIBED})
    described = json.loads(text.replace("`GET /v1/models`", "list_models").replace("`GET /v1/styles`", "list_styles"))
    schema |= {"required": ["prompt"], "properties": described | schema["properties"]}


class SubmitArguments(BaseModel):
    """A job; the fields are the API's own."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_describe_fields)

    idempotency_key: IdempotencyKeyText | None = Field(
        default=None,
        max_length=LONGEST_KEY,
        description="A word of yours for this submit: sent again with it, it leads to the first job, for a day.",
    )


class JobArguments(BaseModel):
    """Which job."""

    model_config = ConfigDict(extra="forbid")

    job_id: str = Field(description="As a tool gave it, in this session or an earlier one.")


class ShownJobArguments(JobArguments):
    """Which job, and how it is shown."""

    thumbnail: bool = Field(default=True, description="Whether the first image comes along, as a small JPEG.")


class FindArguments(JobFilters):
    """What is looked for."""

    metadata: Metadata = Field(default={}, description="Entries of their metadata.")
    limit: int = Field(default=10, ge=1, le=50)
    cursor: Annotated[str, AfterValidator(check_cursor)] | None = Field(
        default=None, description="`next_cursor` of the page before, with the same filters."
    )


@tool("Draw images", SubmitArguments, changes=True)
def submit_job(asked: SubmitArguments) -> CallToolResult:
    """Queues a job that draws images of a prompt, or of a picture (`image`: an https address, or the id of an image, `art_…`), and
    answers at once with its id. Further parameters that a model has (see list_models) are taken by name. Then call wait_for_job.
    """
    job = submit(asked.model_extra or {}, idempotency_key=asked.idempotency_key)
    return show_job(job, with_thumbnail=False)


@tool("Look at a job", ShownJobArguments)
def get_job(asked: ShownJobArguments) -> CallToolResult:
    """A job as it stands, with fresh links to its images and a thumbnail of the first. Links end after a while: call this again."""
    return show_job(jobs.find_job(asked.job_id), with_thumbnail=asked.thumbnail)


@tool("Cancel a job", JobArguments, changes=True, destroys=True)
def cancel_job(asked: JobArguments) -> CallToolResult:
    """Cancels a job: a queued one at once, a running one at its next step. It cannot succeed any more."""
    return show_job(jobs.cancel_job(asked.job_id), with_thumbnail=False)


@tool("Find earlier jobs", FindArguments)
def find_jobs(asked: FindArguments) -> CallToolResult:
    """The account's jobs, newest first, that fit all filters: of this session and all others, sent here or through any other API. Each
    has links to its images.
    """
    page = read_with_one_retry(
        lambda connection: list_jobs(
            connection,
            asked.build_filter(asked.metadata),
            account_id=current_account_id(),
            limit=asked.limit,
            after=parse_id("cur", asked.cursor or ""),
            fields=LISTED_FIELDS,
        )
    )
    shown: dict[str, Any] = {"jobs": [describe_job(show_row(row)) for row in page.jobs]}
    if page.next_after is not None:
        shown["next_cursor"] = format_id("cur", page.next_after)
    return build_result(shown)
