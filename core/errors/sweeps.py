"""What the caller asked of a sweep that does not go."""

from __future__ import annotations

from core.errors.base import DarkroomError, NotFound


class SweepNotFound(NotFound):
    """There is no such sweep."""

    code = "sweep_not_found"


class SweepDeleted(DarkroomError):
    """The sweep is not there any more: it was deleted, or its time was over."""

    code = "sweep_deleted"

    @classmethod
    def with_receipt(cls, deletion_id: str) -> SweepDeleted:
        return cls(f"The sweep has been deleted; GET /v1/deletions/{deletion_id} is the receipt.")


class SweepNotDraft(DarkroomError):
    """The sweep is no draft any more, so nothing can be appended."""

    code = "sweep_not_draft"


class SweepFinished(DarkroomError):
    """The sweep has already ended, so it cannot be cancelled."""

    code = "sweep_finished"


class SweepNotFinished(DarkroomError):
    """The sweep has not ended: cancel it first, and delete it when it has."""

    code = "sweep_not_finished"
