"""What a request says of its job, beside what is drawn: when, for how long, who is notified, and the sender's own labels."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from core.jobs.priority import PriorityName
from core.plain_text import plain_text

#: The events that a webhook may be called for. Nobody but a webhook that asks for it is called for a start.
EventType = Literal["job.started", "job.succeeded", "job.failed", "job.cancelled"]

#: Seconds that a deadline may lie ahead: 30 days.
_LONGEST_DEADLINE = 30 * 24 * 3600

#: Seconds that images may be kept by request: 10 years.
_LONGEST_RETENTION = 10 * 365 * 24 * 3600

_MOST_LABELS = 32
_LONGEST_LABEL = 64


def _few_distinct_labels(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if len(value) > _MOST_LABELS:
        raise ValueError(f"holds more than {_MOST_LABELS} labels")
    seen: set[str] = set()
    for key in value:
        if isinstance(key, str) and len(key) <= _LONGEST_LABEL:
            composed = unicodedata.normalize("NFC", key)
            if composed in seen:
                raise ValueError(f"holds {composed!r} twice, written with different characters")
            seen.add(composed)
    return value


Deadline = Annotated[int, Field(ge=1, le=_LONGEST_DEADLINE)]
MetadataKey = Annotated[str, Field(min_length=1, max_length=_LONGEST_LABEL), plain_text(at_most=_LONGEST_LABEL)]
MetadataValue = Annotated[str, Field(max_length=512), plain_text(at_most=512)]


class JobWebhook(BaseModel):
    """Where this job's end, or its start, is sent, beside the account's webhook endpoints."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    url: str = Field(min_length=1, max_length=2_048, examples=["https://example.com/hooks/darkroom"])
    events: list[EventType] = Field(
        default=["job.succeeded", "job.failed", "job.cancelled"],
        min_length=1,
        max_length=4,
        description="What is sent. Left out: every end. The start is that of the first attempt.",
    )


class JobOptions(BaseModel):
    """The part of a request that has nothing to do with the picture."""

    priority: PriorityName = Field(
        default="normal",
        description="Every `high` job goes before every `normal` one, and these before every `low` one. Accounts take turns "
        "within each.",
    )
    deadline_seconds: Deadline | None = Field(
        default=None,
        description="The job fails (`deadline_exceeded`) if it has not ended this many seconds after it was accepted.",
    )
    start_deadline_seconds: Deadline | None = Field(
        default=None,
        description="The job fails (`start_deadline_exceeded`) if no worker has started it this many seconds after it was "
        "accepted. At most `deadline_seconds`.",
    )
    retention_seconds: int | None = Field(
        default=None,
        ge=1,
        le=_LONGEST_RETENTION,
        description="The images are deleted this many seconds after the job's end. At most what the account's policy says, "
        "which is taken when this is left out.",
    )
    store: bool = Field(
        default=True,
        description="False: prompts and images are kept no longer than it takes to hand them over. They are deleted when the "
        "webhooks of the end are delivered and the addresses in them have expired, or an hour after the end at the latest.",
    )
    webhook: JobWebhook | None = Field(
        default=None,
        description="Where this job's end is sent, signed with the account's secret (`GET /v1/webhook-secret`) and tried again as "
        "for webhook endpoints.",
    )
    dry_run: bool = Field(
        default=False,
        description="True: nothing is queued or written. The answer (200) is what the job would be: every parameter, its cost, and "
        "its place in the queue.",
    )
    metadata: Annotated[dict[MetadataKey, MetadataValue], BeforeValidator(_few_distinct_labels)] = Field(
        default_factory=dict, max_length=_MOST_LABELS, description="Your own labels; returned with the job."
    )

    @field_validator("start_deadline_seconds")
    @classmethod
    def _before_the_end(cls, seconds: int | None, info: ValidationInfo) -> int | None:
        total = info.data.get("deadline_seconds")
        if seconds is not None and total is not None and seconds > total:
            raise ValueError("must be at most deadline_seconds")
        return seconds


def options_last(schema: dict[str, Any]) -> None:
    """Sorts the fields of a request's JSON schema: what is drawn first."""
    properties = schema["properties"]
    for name in JobOptions.model_fields:
        if name in properties:
            properties[name] = properties.pop(name)
