"""The one table that maps core's errors to HTTP, and every code that an answer may have."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from core.errors import (
    ClientIdTaken,
    DarkroomError,
    DatabaseReadOnly,
    FileDeleted,
    FileInUse,
    IdempotencyKeyReused,
    InvalidRequest,
    JobDeleted,
    JobFinished,
    JobInUse,
    JobNotFinished,
    JobNotQueued,
    NotAuthenticated,
    NotFound,
    ObjectMissing,
    PicturesBusy,
    RecallUnavailable,
    StorageUnavailable,
    StyleIsBuiltIn,
    SubmitsBusy,
    SweepDeleted,
    SweepFinished,
    SweepNotDraft,
    SweepNotFinished,
    TooManyBoards,
    TooManyFiles,
    TooManyQueuedJobs,
    TooManyStreams,
    TooManyStyles,
    TooManyWebhookEndpoints,
    WaitEnded,
    WebhookEndpointGone,
)

_STATUS: dict[type[DarkroomError], HTTPStatus] = {
    NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    NotFound: HTTPStatus.NOT_FOUND,
    JobDeleted: HTTPStatus.GONE,
    JobFinished: HTTPStatus.CONFLICT,
    JobNotFinished: HTTPStatus.CONFLICT,
    JobNotQueued: HTTPStatus.CONFLICT,
    JobInUse: HTTPStatus.CONFLICT,
    FileDeleted: HTTPStatus.GONE,
    FileInUse: HTTPStatus.CONFLICT,
    SweepDeleted: HTTPStatus.GONE,
    SweepNotDraft: HTTPStatus.CONFLICT,
    SweepFinished: HTTPStatus.CONFLICT,
    SweepNotFinished: HTTPStatus.CONFLICT,
    TooManyBoards: HTTPStatus.CONFLICT,
    TooManyFiles: HTTPStatus.CONFLICT,
    TooManyWebhookEndpoints: HTTPStatus.CONFLICT,
    WebhookEndpointGone: HTTPStatus.CONFLICT,
    StyleIsBuiltIn: HTTPStatus.CONFLICT,
    TooManyStyles: HTTPStatus.CONFLICT,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    ClientIdTaken: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidRequest: HTTPStatus.UNPROCESSABLE_ENTITY,
    StorageUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    DatabaseReadOnly: HTTPStatus.SERVICE_UNAVAILABLE,
    PicturesBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    SubmitsBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    RecallUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyStreams: HTTPStatus.SERVICE_UNAVAILABLE,
    WaitEnded: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyQueuedJobs: HTTPStatus.TOO_MANY_REQUESTS,
}

#: Codes of the web framework's own refusals, made before our code runs.
HTTP_CODES = {
    400: "invalid_json",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}

#: Codes of no class of core: the framework's, the database's, of a browser's question, and of what nobody foresaw.
_OTHERS = {
    "invalid_json": (HTTPStatus.BAD_REQUEST, "The body is not valid JSON, or could not be read to its end."),
    "method_not_allowed": (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "There is something at this address, but not for this method.",
    ),
    "body_too_large": (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is longer, or holds more, than the operation takes.",
    ),
    "unsupported_media_type": (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is not of the type that the operation takes.",
    ),
    "origin_not_allowed": (HTTPStatus.FORBIDDEN, "Web pages of this origin may not call the API."),
    "database_unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer, or takes no writes."),
    "internal": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong that nobody foresaw."),
}

#: Of them, those that say what is wrong with the body as a whole.
OF_THE_BODY = frozenset({400, 413, 415})

#: The folder of the pages that explain the codes.
ERROR_PAGES = "/docs/errors"

#: Until a server that does not answer may be back.
RETRY_AFTER_SECONDS = 5

#: Seconds, of the errors that pass by themselves.
RETRY_AFTER: dict[type[DarkroomError], int] = {
    StorageUnavailable: RETRY_AFTER_SECONDS,
    ObjectMissing: RETRY_AFTER_SECONDS,
    DatabaseReadOnly: RETRY_AFTER_SECONDS,
    PicturesBusy: 1,
    SubmitsBusy: 1,
    RecallUnavailable: RETRY_AFTER_SECONDS,
    TooManyStreams: RETRY_AFTER_SECONDS,
    WaitEnded: 1,
    # A full queue takes longer to have a free slot than a server takes to come back.
    TooManyQueuedJobs: 30,
}


class ErrorKind(NamedTuple):
    """A code that a problem may have."""

    code: str
    status: HTTPStatus
    meaning: str
    #: Seconds; None: the answer names none.
    retry_after: int | None


def list_error_kinds() -> list[ErrorKind]:
    """Every code that an answer of the API may have, in the order of the alphabet."""
    kinds = {code: ErrorKind(code, *other, None) for code, other in _OTHERS.items()}
    waiting = [*_STATUS]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        kinds.setdefault(kind.code, ErrorKind(kind.code, find_status(kind), _describe(kind), None))
    seconds = {kind.code: each for kind, each in RETRY_AFTER.items()}
    return [kinds[code]._replace(retry_after=seconds.get(code)) for code in sorted(kinds)]


def _describe(kind: type[DarkroomError]) -> str:
    return " ".join((kind.__doc__ or "").split())


def find_status(kind: type[DarkroomError]) -> HTTPStatus:
    return next(
        (status for known, status in _STATUS.items() if issubclass(kind, known)), HTTPStatus.INTERNAL_SERVER_ERROR
    )
