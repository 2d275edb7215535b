"""The client of a Darkroom service: prompts in, pictures out.

from darkroom import Darkroom

Darkroom().render("a red mug on a yellow background").save("mug.png")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from darkroom.errors import (
    Conflict,
    ConnectionFailed,
    DarkroomError,
    FieldError,
    Gone,
    InvalidPicture,
    InvalidRequest,
    InvalidSignature,
    NotAllowed,
    NotAuthenticated,
    NotConfigured,
    NotFound,
    Problem,
    Refused,
    ServiceFailed,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    WaitTimedOut,
)
from darkroom.picture import Picture, Pictures
from darkroom.sweep_result import SweepResult
from darkroom.synchronous.client import Darkroom
from darkroom.version import VERSION
from darkroom.views.events import Event, SweepEvent
from darkroom.views.job_parts import Output
from darkroom.views.jobs import Job, JobCancelled, JobFailed
from darkroom.views.sweeps import Sweep
from darkroom.webhook_signature import verify_webhook

if TYPE_CHECKING:
    from darkroom.asynchronous.client import AsyncDarkroom

__all__ = [
    "VERSION",
    "AsyncDarkroom",
    "Conflict",
    "ConnectionFailed",
    "Darkroom",
    "DarkroomError",
    "Event",
    "FieldError",
    "Gone",
    "InvalidPicture",
    "InvalidRequest",
    "InvalidSignature",
    "Job",
    "JobCancelled",
    "JobFailed",
    "NotAllowed",
    "NotAuthenticated",
    "NotConfigured",
    "NotFound",
    "Output",
    "Picture",
    "Pictures",
    "Problem",
    "Refused",
    "ServiceFailed",
    "Sweep",
    "SweepEvent",
    "SweepResult",
    "TooManyRequests",
    "Unavailable",
    "UnexpectedAnswer",
    "WaitTimedOut",
    "verify_webhook",
]


def __getattr__(name: str) -> Any:
    if name == "AsyncDarkroom":
        # Only now: programs that wait need no asyncio, which takes a while to import.
        from darkroom.asynchronous.client import AsyncDarkroom

        return AsyncDarkroom
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
