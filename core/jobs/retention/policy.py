"""How long a job is kept after its end: its images, and its rows. Pure policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import FieldError, InvalidRequest
from core.settings import Settings


@dataclass(frozen=True)
class RetentionPolicy:
    """Seconds after a job's end; None: for ever."""

    image_seconds: float | None
    row_seconds: float | None

    @classmethod
    def of(cls, settings: Settings, *, artifact_seconds: int | None, job_seconds: int | None) -> RetentionPolicy:
        """The policy of an account that has its own seconds (0: for ever; None: what the settings say).

        Images go with the rows at the latest. Rows stay at least while a lost worker may still upload something, so
        that the clean-up of the bucket knows of it.
        """
        images = settings.artifact_retention_seconds if artifact_seconds is None else artifact_seconds
        rows = settings.job_retention_seconds if job_seconds is None else job_seconds
        return cls(
            image_seconds=min(filter(None, (images, rows)), default=None),
            row_seconds=max(rows, settings.orphan_grace_seconds) if rows else None,
        )

    def check(self, seconds: int | None) -> None:
        """Raises InvalidRequest if a request asks for its images to be kept for longer."""
        if seconds is not None and self.image_seconds is not None and seconds > self.image_seconds:
            message = f"must be at most {self.image_seconds:.0f}, as the account's policy says"
            raise InvalidRequest(
                [FieldError("retention_seconds", message, "out_of_range", {"maximum": int(self.image_seconds)})]
            )

    def build_expiries(self, ended_at: datetime, *, asked: int | None) -> tuple[datetime | None, datetime | None]:
        """When the images and when the rows of a job that ended at `ended_at` are to go; None: never. `asked`: the
        seconds that its request asks to keep the images.
        """
        images = min(filter(None, (asked, self.image_seconds)), default=None)
        return _after(ended_at, images), _after(ended_at, self.row_seconds)


def _after(moment: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else moment + timedelta(seconds=seconds)
