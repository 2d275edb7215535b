"""The shape of a sweep as every read, list and webhook shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.jobs.status import JobStatus
from core.sweeps.tables import SweepStatus


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AxesView(_View):
    """The values of each axis, as they were sent. The cells are their product: prompts change slowest, then styles and parameters,
    and seeds fastest.
    """

    prompts: list[str]
    styles: list[str]
    seeds: list[int]
    parameters: dict[str, list[Any]]


class ContactSheetView(_View):
    """The contact sheet: a PNG with every cell and labels. It is a file of the account, kept as long as one that is sent now."""

    id: str = Field(examples=["file_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    url: str | None
    url_expires_at: datetime | None
    width: int = Field(description="Pixels.")
    height: int


class SweepUrlsView(_View):
    """Where to read, to follow, to list and to cancel."""

    self: str
    jobs: str
    events: str
    cancel: str


class SweepView(_View):
    """A sweep."""

    id: str = Field(examples=["sweep_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    status: SweepStatus = Field(
        description="`draft`: nothing is queued yet; `running`: its jobs are queued, or its contact sheet is being drawn."
    )
    name: str
    cells: int = Field(description="Jobs that it has, or that a draft would have.")
    cost: float = Field(description="Megapixel-steps of all cells.")
    counts: dict[JobStatus, int] = Field(description="Its jobs by their status.")
    axes: AxesView
    base: dict[str, Any] = Field(description="What all cells have in common.")
    contact_sheet: ContactSheetView | None = Field(
        description="null: not drawn yet, or no job succeeded, or the file is not there any more."
    )
    metadata: dict[str, str]
    created_at: datetime
    started_at: datetime | None = Field(description="When its jobs were queued.")
    cancel_requested_at: datetime | None
    finished_at: datetime | None = Field(description="When all its jobs had ended and the contact sheet was drawn.")
    urls: SweepUrlsView
