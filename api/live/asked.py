"""What an operation asks of the server's worker instead of answering at once, and what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from flask import g, has_request_context, request

from core.errors import TooManyStreams
from core.jobs.events.event import JobEvent

#: Keys of a request's environ.
LIVE = "darkroom.live"
ASKED = "darkroom.asked"
RESUMED = "darkroom.resumed"


@dataclass(frozen=True)
class StreamAsked:
    """Events are to be sent on the connection from now on: of a job, of a sweep, or of all jobs of the account."""

    account_id: UUID
    #: None: of the sweep, or of all jobs of the account.
    job_id: UUID | None
    #: Events with larger numbers are sent.
    after: int
    sweep_id: UUID | None = None
    #: Of a job: what is sent of each of its events, in another system's words; it may take its time. None: the event as we have it.
    translate: Callable[[JobEvent], bytes] | None = None
    #: Of what is translated: when it is over although the job has not ended, and what is sent then.
    limit: StreamLimit | None = None


@dataclass(frozen=True)
class StreamLimit:
    """When a stream ends, whatever has become of its job."""

    #: On `time.monotonic`.
    until: float
    #: The last of what is sent; it may take its time.
    end: Callable[[], bytes]


@dataclass(frozen=True)
class KeptAlive:
    """A client, or a proxy before it, gives up an answer that does not begin. So it begins after a while, with 200 and blanks, and what
    it is comes when the wait is over: JSON may begin with blanks.
    """

    #: Seconds until the answer begins, and between blanks.
    after: float
    every: float
    #: What is an error in the end cannot be 200 any more. If the client repeats what is cut off, the connection is cut, and the repeat has
    #: the error; otherwise the error is the body.
    is_repeated: bool


@dataclass(frozen=True)
class WaitAsked:
    """The request is to be answered when something has happened to the job or sweep, or when its time is over."""

    account_id: UUID
    #: None: the sweep is waited for.
    job_id: UUID | None
    #: On `time.monotonic`.
    until: float
    #: An event with a larger number ends the wait; None: only the end of the job does.
    after: int | None
    request_id: str
    asked_at: float
    #: Headers of the answer, and the job that the request has made, if it has made one.
    headers: Mapping[str, str] = field(default_factory=dict)
    submitted: bool = False
    sweep_id: UUID | None = None
    #: What answers with the job in the end, instead of the operation.
    then: Callable[[Any], Any] | None = None
    kept_alive: KeptAlive | None = None
    #: Called in a thread of requests if the client has gone away before it has an answer, and perhaps by several.
    lost: Callable[[], None] | None = None


@dataclass(frozen=True)
class BegunAnswer:
    """An answer of which a head with 200 and blanks are sent."""

    #: Its parts have lengths; otherwise it ends with its connection.
    is_chunked: bool
    #: What of that is still to be sent.
    unsent: bytes


@dataclass(frozen=True)
class Resumed:
    """A wait is over: the request runs a second time, and is answered."""

    asked: WaitAsked
    #: The job's new place in the queue, if that ended the wait.
    position: int | None
    waited_seconds: float
    #: The answer has begun; None: nothing of it is sent.
    begun: BegunAnswer | None = None

    @property
    def is_repeated(self) -> bool:
        """Whether an error is cut off, since a head with 200 is sent, and its client sends the request again."""
        return self.begun is not None and self.asked.kept_alive is not None and self.asked.kept_alive.is_repeated


class Live(Protocol):
    """The part of the server's worker that keeps the connections."""

    def has_slot(self, kind: type[StreamAsked | WaitAsked], account_id: UUID) -> bool: ...
    def notice_gone(self, account_id: UUID) -> None: ...


def find_resumed(environ: Mapping[str, Any]) -> Resumed | None:
    """What the request has waited for; None if it has not waited."""
    resumed = environ.get(RESUMED)
    return resumed if isinstance(resumed, Resumed) else None


def find_asked(environ: Mapping[str, Any]) -> StreamAsked | WaitAsked | None:
    """What the operation has asked for; None if its answer is to be sent."""
    asked = environ.get(ASKED)
    return asked if isinstance(asked, (StreamAsked, WaitAsked)) else None


def is_parked() -> bool:
    """Whether the current request waits, and what it answers now is never sent."""
    return has_request_context() and isinstance(find_asked(request.environ), WaitAsked)


def ask_for_stream(
    *,
    account_id: UUID,
    job_id: UUID | None,
    after: int,
    sweep_id: UUID | None = None,
    translate: Callable[[JobEvent], bytes] | None = None,
    limit: StreamLimit | None = None,
) -> bool:
    """Have events sent after the answer's head. Returns False if that cannot be: the server is another one, or the request is a
    HEAD. Raises TooManyStreams.
    """
    live = request.environ.get(LIVE)
    if live is None or request.method == "HEAD":
        return False
    if not live.has_slot(StreamAsked, account_id):
        raise TooManyStreams
    request.environ[ASKED] = StreamAsked(account_id, job_id, after, sweep_id, translate, limit)
    return True


def can_wait(account_id: UUID) -> bool:
    """Whether the current request can wait: it has not waited already, and there is a slot."""
    return RESUMED not in request.environ and can_keep(WaitAsked, account_id)


def can_keep(kind: type[StreamAsked | WaitAsked], account_id: UUID) -> bool:
    """Whether the connection of the current request can be kept, and there is a slot of the kind."""
    live = request.environ.get(LIVE)
    return live is not None and bool(live.has_slot(kind, account_id))


def notice_gone(account_id: UUID) -> None:
    """Have what is `lost` noticed now: a client that sends a call again has ended the connection of the earlier try a moment ago."""
    live = request.environ.get(LIVE)
    if live is not None:
        live.notice_gone(account_id)


def ask_to_wait(
    *,
    account_id: UUID,
    seconds: float,
    job_id: UUID | None = None,
    sweep_id: UUID | None = None,
    after: int | None = None,
) -> None:
    """Have the request run again when the job has ended (or with `after`: when the job, or the sweep, has an event with a larger
    number), or after so many seconds. Does nothing if it has waited already. Raises TooManyStreams.
    """
    live = request.environ.get(LIVE)
    if live is None or RESUMED in request.environ or seconds <= 0:
        return
    if not live.has_slot(WaitAsked, account_id):
        raise TooManyStreams
    _wait(account_id=account_id, job_id=job_id, seconds=seconds, after=after, sweep_id=sweep_id)


def ask_to_wait_for_submitted(*, account_id: UUID, job_id: UUID, seconds: float, headers: Mapping[str, str]) -> None:
    """Have the job that this request has made answered when it has ended, or after so many seconds. Call it if `can_wait`."""
    _wait(account_id=account_id, job_id=job_id, seconds=seconds, after=None, headers=headers, submitted=True)


def ask_to_answer_then(
    *,
    account_id: UUID,
    job_id: UUID,
    seconds: float,
    then: Callable[[Any], Any],
    kept_alive: KeptAlive | None = None,
    lost: Callable[[], None] | None = None,
) -> None:
    """Have `then` answer with the job when it has ended, or after so many seconds. Call it if `can_wait`. With `kept_alive` the head
    of what the operation returns is sent before that, if the wait is long: 200, and JSON. `lost` is called if the client goes away
    before it has the answer.
    """
    _wait(
        account_id=account_id, job_id=job_id, seconds=seconds, after=None, then=then, kept_alive=kept_alive, lost=lost
    )


def _wait(*, account_id: UUID, job_id: UUID | None, seconds: float, after: int | None, **options: Any) -> None:
    now = time.monotonic()
    request.environ[ASKED] = WaitAsked(
        account_id, job_id, until=now + seconds, after=after, request_id=g.request_id, asked_at=now, **options
    )
