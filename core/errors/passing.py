"""What passes by itself: too much at once, or a server that is away."""

from __future__ import annotations

from core.errors.base import DarkroomError


class PicturesBusy(DarkroomError):
    """Too many pictures are being sent or decoded at the moment; send the request again in a second."""

    code = "pictures_busy"


class SubmitsBusy(DarkroomError):
    """The account is sending more jobs at a time than are taken; send the request again in a second."""

    code = "submits_busy"


class RecallUnavailable(DarkroomError):
    """Redis does not answer, which keeps what is handed over to open pages; try again in a few seconds."""

    code = "recall_unavailable"


class TooManyStreams(DarkroomError):
    """As many requests wait for events as may; read the job now and then, and try again in a few seconds."""

    code = "too_many_streams"


class WaitEnded(DarkroomError):
    """The job has not ended yet, and this request does not wait any longer; send it again, and it waits for the same job."""

    code = "wait_ended"


class StorageUnavailable(DarkroomError):
    """The object store did not take or give the images."""

    code = "storage_unavailable"


class ObjectMissing(StorageUnavailable):
    """The object store lacks an object that a row says it has."""


class DatabaseReadOnly(DarkroomError):
    """The database takes no writes."""

    code = "database_unavailable"
