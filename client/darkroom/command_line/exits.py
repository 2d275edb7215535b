"""What the exit status says."""

from __future__ import annotations

from enum import IntEnum

from darkroom.errors import (
    ConnectionFailed,
    DarkroomError,
    Gone,
    NotAllowed,
    NotAuthenticated,
    NotConfigured,
    NotFound,
    Refused,
    ServiceFailed,
    TooManyRequests,
    UnexpectedAnswer,
    WaitTimedOut,
)
from darkroom.views.jobs import Job, JobCancelled, JobFailed


class ExitStatus(IntEnum):
    """Of every command; the page of the command line has the same table."""

    DONE = 0
    #: Something else, such as a file that cannot be written.
    ERROR = 1
    #: The command was written wrongly.
    USAGE = 2
    JOB_FAILED = 3
    JOB_CANCELLED = 4
    #: The service refuses the request as it is.
    REFUSED = 5
    NOT_FOUND = 6
    #: No address or key, or a key that is not accepted.
    NOT_SIGNED_IN = 7
    #: The service cannot be reached, or is busy or broken.
    UNAVAILABLE = 8
    TIMED_OUT = 9
    #: Ctrl+C.
    INTERRUPTED = 130


#: The first that fits.
_OF_ERRORS: tuple[tuple[type[DarkroomError], ExitStatus], ...] = (
    (JobFailed, ExitStatus.JOB_FAILED),
    (JobCancelled, ExitStatus.JOB_CANCELLED),
    (WaitTimedOut, ExitStatus.TIMED_OUT),
    (NotConfigured, ExitStatus.NOT_SIGNED_IN),
    (NotAuthenticated, ExitStatus.NOT_SIGNED_IN),
    (NotAllowed, ExitStatus.NOT_SIGNED_IN),
    (NotFound, ExitStatus.NOT_FOUND),
    (Gone, ExitStatus.NOT_FOUND),
    (TooManyRequests, ExitStatus.UNAVAILABLE),
    (ServiceFailed, ExitStatus.UNAVAILABLE),
    (ConnectionFailed, ExitStatus.UNAVAILABLE),
    (UnexpectedAnswer, ExitStatus.UNAVAILABLE),
    (Refused, ExitStatus.REFUSED),
)


def find_exit_status(error: DarkroomError) -> ExitStatus:
    """The exit status that goes with an error."""
    return next((status for kind, status in _OF_ERRORS if isinstance(error, kind)), ExitStatus.ERROR)


def find_job_status(jobs: list[Job]) -> ExitStatus:
    """The exit status of jobs that have ended: that of the worst."""
    ends = {job.status for job in jobs}
    if "failed" in ends:
        return ExitStatus.JOB_FAILED
    return ExitStatus.JOB_CANCELLED if "cancelled" in ends else ExitStatus.DONE
