"""What the caller asked of a job, or by its deletion, that does not go."""

from __future__ import annotations

from core.errors.base import DarkroomError, NotFound


class JobNotFound(NotFound):
    """There is no such job."""

    code = "job_not_found"


class JobDeleted(DarkroomError):
    """The job is not there any more: it was deleted, or its time was over."""

    code = "job_deleted"

    @classmethod
    def with_receipt(cls, deletion_id: str) -> JobDeleted:
        return cls(f"The job has been deleted; GET /v1/deletions/{deletion_id} is the receipt.")


class DeletionNotFound(NotFound):
    """There is no such deletion."""

    code = "deletion_not_found"


class PreviewNotFound(NotFound):
    """There is no preview of this job: not yet, or no longer."""

    code = "preview_not_found"


class JobFinished(DarkroomError):
    """The job has already finished, so it cannot be cancelled."""

    code = "job_finished"


class JobNotFinished(DarkroomError):
    """The job has not finished: cancel it first, and delete it when it has ended."""

    code = "job_not_finished"


class JobSucceeded(JobFinished):
    """The job has succeeded, so there is nothing to retry: `replay` draws it again exactly, and `vary` with something changed."""

    code = "job_succeeded"


class JobNotSucceeded(JobFinished):
    """The job has not succeeded, so there is nothing to repeat: `retry` sends it again, and `vary` with something changed."""

    code = "job_not_succeeded"


class JobNotKept(JobFinished):
    """The job was sent with `store` false: what it asked for is not kept beyond its end."""

    code = "job_not_kept"


class ReceiptNotFound(NotFound):
    """There is no receipt: only a job that has succeeded has one."""

    code = "receipt_not_found"

    @classmethod
    def of(cls, status: str) -> ReceiptNotFound:
        return cls(
            f"The job has {status if status == 'failed' else 'been cancelled'}: only a job that has succeeded has a receipt."
        )


class JobNotQueued(DarkroomError):
    """The job is not in the queue any more: it runs, or has ended."""

    code = "job_not_queued"


class JobInUse(DarkroomError):
    """A job that has not finished starts from one of this job's images."""

    code = "job_in_use"

    @classmethod
    def by(cls, job_id: str) -> JobInUse:
        return cls(f"{job_id} has not finished and starts from an image of this job: wait for it, or cancel it.")


class TooManyQueuedJobs(DarkroomError):
    """The account has as many jobs waiting as it may have; send more when some of them have started."""

    code = "too_many_queued_jobs"

    @classmethod
    def of(cls, limit: int) -> TooManyQueuedJobs:
        return cls(f"The account has {limit} jobs waiting, as many as it may have; send more when some have started.")
