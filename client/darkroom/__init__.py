"""The client of a Darkroom service: prompts in, pictures out.

from darkroom import Darkroom

Darkroom().render("a red mug on a yellow background").save("mug.png")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from darkroom.asynchronous.client import AsyncDarkroom
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


#: Where they are, what takes longest to import last: a receiver of webhooks needs neither pydantic nor an HTTP client, and a program
#: that waits no asyncio.
_PLACES = (
    "version",
    "errors",
    "webhook_signature",
    "views.job_parts",
    "views.events",
    "views.jobs",
    "views.sweeps",
    "picture",
    "sweep_result",
    "synchronous.client",
    "asynchronous.client",
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for place in _PLACES:
            module = import_module(f"darkroom.{place}")
            if hasattr(module, name):
                return globals().setdefault(name, getattr(module, name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
