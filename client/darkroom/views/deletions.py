"""What was deleted."""

from __future__ import annotations

from datetime import datetime

from darkroom.views.view import View


class DeletedObject(View):
    """One object of the bucket."""

    key: str
    #: null: left by an attempt that was not the job's last, or a checkpoint.
    kind: str | None = None
    #: Of its bytes, where the job knew it.
    sha256: str | None = None
    #: When it was certain that the bucket does not list it any more.
    deleted_at: datetime | None = None


class Deletion(View):
    """The receipt of a deleted job, file or sweep. It holds nothing of what was asked for or drawn, and is kept."""

    id: str
    #: null: it was none.
    job_id: str | None = None
    #: null: it was none.
    file_id: str | None = None
    #: null: it was none. Its jobs have receipts of their own.
    sweep_id: str | None = None
    #: `pending`: shown to nobody any more, and deleted as soon as the object store answers.
    status: str
    #: The first 12 characters after `dk_` of the key that asked for it.
    api_key_id: str
    request_id: str
    objects: list[DeletedObject]
    requested_at: datetime
    completed_at: datetime | None = None


class DeletedJobs(View):
    """What became of the jobs of this call."""

    #: Jobs of which nothing is left.
    completed: int
    #: Jobs that nobody is shown any more, and that are deleted within a minute or two.
    pending: int
    #: The receipts, the oldest job first.
    deletions: list[Deletion]
    #: Whether the filter wants more jobs that can be deleted: send the same again.
    has_more: bool
