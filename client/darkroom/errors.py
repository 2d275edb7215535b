"""What can go wrong, as a tree: every error of this package is a DarkroomError."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


class DarkroomError(Exception):
    """Something that went wrong; its text says what, and what to do about it."""


class NotConfigured(DarkroomError):
    """There is no address or no API key, or one that cannot be used."""


class ConnectionFailed(DarkroomError):
    """The service was not reached, or the connection was lost and could not be made again in time."""


class UnexpectedAnswer(DarkroomError):
    """What answered is not Darkroom, or one that this client cannot read."""


class InvalidPicture(DarkroomError):
    """What was given as a picture is none that can be sent, or a file that is not there."""


class WaitTimedOut(DarkroomError):
    """The time was over before the end. The work goes on; `id` is what to wait for again."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what} has not ended within {seconds:g} s; it goes on")
        self.id = what


class InvalidSignature(DarkroomError):
    """A webhook that was not signed with this secret, or too long ago."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of a request."""

    #: A dotted path: `loras.0.id`.
    field: str
    #: A stable word: `required`, `out_of_range`, …
    code: str
    message: str
    #: The values that it may have, in the words of JSON schema.
    allowed: dict[str, Any] | None = None


@dataclass(frozen=True)
class Problem:
    """A refusal as it was sent (RFC 9457)."""

    status: int
    code: str
    detail: str
    title: str = ""
    #: The address of a page that explains the code.
    type: str = ""
    errors: tuple[FieldError, ...] = ()
    #: Finds the lines of the service's log.
    request_id: str | None = None
    #: Seconds.
    retry_after: float | None = None


class Refused(DarkroomError):
    """The service has answered with an error. Its attributes are those of the problem."""

    #: By HTTP status, the class of its errors.
    classes: ClassVar[dict[int, type[Refused]]] = {}

    def __init__(self, problem: Problem) -> None:
        lines = [f"{problem.detail or problem.title} ({problem.status} {problem.code})"]
        lines += [f"  {error.field}: {error.message}" for error in problem.errors if error.message not in lines[0]]
        if problem.request_id:
            lines.append(f"  request {problem.request_id}")
        super().__init__("\n".join(lines))
        self.problem = problem
        self.status = problem.status
        self.code = problem.code
        self.detail = problem.detail
        self.errors = problem.errors
        self.request_id = problem.request_id
        self.retry_after = problem.retry_after

    @classmethod
    def of(cls, problem: Problem) -> Refused:
        """The error of the class that goes with its status."""
        by_family = ServiceFailed if problem.status >= 500 else Refused  # noqa: PLR2004 (HTTP's own number)
        return cls.classes.get(problem.status, by_family)(problem)

    def __init_subclass__(cls, status: tuple[int, ...] = ()) -> None:
        cls.classes.update(dict.fromkeys(status, cls))


class InvalidRequest(Refused, status=(400, 405, 413, 415, 422)):
    """The request cannot be accepted as it is; `errors` names the fields."""


class NotAuthenticated(Refused, status=(401,)):
    """The API key is missing, malformed or revoked."""


class NotAllowed(Refused, status=(403,)):
    """The key may not do this."""


class NotFound(Refused, status=(404,)):
    """There is no such thing, or it is another account's."""


class Conflict(Refused, status=(409,)):
    """The thing is in a state that does not allow this."""


class Gone(Refused, status=(410,)):
    """It was there, and is deleted."""


class TooManyRequests(Refused, status=(429,)):
    """The account has reached a limit, also after all the tries that the client made."""


class ServiceFailed(Refused):
    """The service failed (5xx); `request_id` finds the lines of its log."""


class Unavailable(ServiceFailed, status=(502, 503, 504)):
    """The service cannot answer at present, also after all the tries that the client made."""
