"""Many jobs as one thing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from darkroom.views.view import View


class Axes(View):
    """The values of each axis, as they were sent. The cells are their product: prompts change slowest, seeds fastest."""

    prompts: list[str]
    styles: list[str]
    seeds: list[int]
    parameters: dict[str, list[Any]]


class ContactSheet(View):
    """The contact sheet: a PNG with every cell and labels. It is a file of the account, kept as long as one that is sent now."""

    id: str
    url: str | None = None
    url_expires_at: datetime | None = None
    #: Pixels.
    width: int
    height: int


class SweepUrls(View):
    """Where to read, to follow, to list and to cancel."""

    self: str
    jobs: str
    events: str
    cancel: str


class Sweep(View):
    """A sweep: many jobs with one handle."""

    id: str
    #: `draft`: nothing is queued yet; `running`: its jobs are queued, or its contact sheet is being drawn.
    status: str
    name: str
    #: Jobs that it has, or that a draft would have.
    cells: int
    #: Megapixel-steps of all cells.
    cost: float
    #: Its jobs by their status.
    counts: dict[str, int]
    axes: Axes
    #: What all cells have in common.
    base: dict[str, Any]
    #: null: not drawn yet, or no job succeeded, or the file is not there any more.
    contact_sheet: ContactSheet | None = None
    metadata: dict[str, str]
    created_at: datetime
    #: When its jobs were queued.
    started_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    #: When all its jobs had ended and the contact sheet was drawn.
    finished_at: datetime | None = None
    urls: SweepUrls

    @property
    def is_finished(self) -> bool:
        """Whether all its jobs have ended."""
        return self.finished_at is not None
