"""A sweep that has ended, with what it has drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom.picture import Picture
from darkroom.views.jobs import Job
from darkroom.views.sweeps import Sweep


@dataclass(frozen=True)
class SweepResult:
    """The sweep, its jobs in the order of the cells, and the contact sheet (None if no job has succeeded)."""

    sweep: Sweep
    jobs: list[Job]
    contact_sheet: Picture | None

    def save(self, path: str | Path) -> Path:
        """Write the contact sheet, and return where. Raises DarkroomError if there is none."""
        if self.contact_sheet is None:
            raise DarkroomError(f"{self.sweep.id} has no contact sheet: no job of it has succeeded")
        return self.contact_sheet.save(path)

    def _repr_html_(self) -> str:
        return "" if self.contact_sheet is None else self.contact_sheet._repr_html_()
