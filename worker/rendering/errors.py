"""The errors that end a render, and the failure that each one means for the job."""

from __future__ import annotations

from core.errors import DarkroomError, StorageUnavailable
from core.jobs.failures import Failure, FailureCode
from worker.rendering.device_errors import is_device_lost, is_out_of_memory


class JobCancelled(DarkroomError):
    """The job was cancelled while it ran."""


class DeadlinePassed(DarkroomError):
    """The job's time is over."""


class WorkerDraining(DarkroomError):
    """The worker shuts down and has no time left for the job."""


class WorkPaused(WorkerDraining):
    """The job is paused, by its account or by an operator: it is handed back."""


class ModelUnavailable(DarkroomError):
    """The model's files are missing or broken on this worker."""

    code = FailureCode.MODEL_UNAVAILABLE


class RequestRefused(DarkroomError):
    """The pipeline cannot draw what the request asks for."""

    code = FailureCode.INVALID_REQUEST


class NonFiniteResult(DarkroomError):
    """The model's numbers got out of hand with these settings: there is no picture in them."""

    code = FailureCode.NON_FINITE


class ContentFiltered(DarkroomError):
    """The model's content filter withheld every image of the job. Another prompt or another seed may pass it."""

    code = FailureCode.CONTENT_FILTERED


class CheckpointRefused(DarkroomError):
    """The checkpoint is damaged, or not of this job: the job starts over."""


class CheckpointUnsupported(DarkroomError):
    """The job's state cannot be written down: the job cannot be resumed elsewhere."""


def describe_failure(error: Exception) -> Failure:
    """The failure that an attempt's error means, with a message that the client may read."""
    if is_device_lost(error):
        return Failure(FailureCode.INTERNAL, "The device failed while the job was on it. This is on our side.")
    match error:
        case RequestRefused() | ModelUnavailable() | NonFiniteResult() | ContentFiltered():
            return Failure(FailureCode(error.code), error.message)
        case StorageUnavailable():
            return Failure(FailureCode.STORAGE_UNAVAILABLE, StorageUnavailable().message)
        case _ if is_out_of_memory(error):
            return Failure(FailureCode.OUT_OF_MEMORY, "The device had no memory left for this job.")
        case _:
            return Failure(FailureCode.INTERNAL, "Something went wrong on our side.")
