"""What the caller asked of a file that does not go."""

from __future__ import annotations

from core.errors.base import DarkroomError, NotFound


class FileNotFound(NotFound):
    """There is no such file."""

    code = "file_not_found"


class BatchNotFound(NotFound):
    """There is no such batch in this account."""

    code = "batch_not_found"


class FileUnknown(NotFound):
    """The account has no file of these bytes: send them."""

    code = "file_unknown"


class FileDeleted(DarkroomError):
    """The file is not there any more: it was deleted, or its time was over."""

    code = "file_deleted"

    @classmethod
    def with_receipt(cls, deletion_id: str) -> FileDeleted:
        return cls(f"The file has been deleted; GET /v1/deletions/{deletion_id} is the receipt.")


class FileInUse(DarkroomError):
    """A job that has not finished starts from this file."""

    code = "file_in_use"

    @classmethod
    def by(cls, job_id: str) -> FileInUse:
        return cls(f"{job_id} has not finished and starts from this file: wait for it, or cancel it.")


class TooManyFiles(DarkroomError):
    """The account has as many files, or as many bytes in them, as it may have; delete some first."""

    code = "too_many_files"
