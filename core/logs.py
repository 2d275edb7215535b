"""Logs are events: a static past-tense name, data in fields, context bound once and cleared after."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from core.fault_points import report_fault_points
from core.printed import get_stream, log_what_is_printed
from core.settings import Settings

#: Without the frames' local variables: those hold keys, passwords and prompts.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


#: Texts of a customer that the current work has in hand.
_PRIVATE_TEXTS: ContextVar[tuple[str, ...]] = ContextVar("private_texts", default=())

#: Characters; a shorter text is a word that messages hold anyway.
_SHORTEST_PRIVATE_TEXT = 8


class _Lines:
    """Writes finished lines. As with the handlers of the standard library, no work fails because its log line cannot be
    written.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def info(self, line: str) -> None:
        with suppress(Exception):
            # In one call, so that threads do not write into each other's lines.
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = warning = error = critical = info


def configure_logging(settings: Settings) -> None:
    """Send every log line of this process, ours and our libraries', to stdout in one format."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[Processor] = (
        [_TRACEBACKS, _hide_in_fields, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [_hide_in_fields, structlog.dev.ConsoleRenderer(exception_formatter=_write_traceback)]
    )
    # Our own lines do not pass through the standard library, which takes longer for a line than all the rest together.
    stdout = get_stream(sys.stdout)
    lines = _Lines(stdout)
    structlog.configure(
        processors=[*shared, *renderer],
        logger_factory=lambda *_: lines,
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=False,
    )

    handler = logging.StreamHandler(stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    # One line for every task message says nothing that our own events do not.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat", "httpx2", "httpcore2", "botocore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    report_fault_points()


def take_over_output(settings: Settings) -> None:
    """As `configure_logging`, for a process that is ours from its start to its end: warnings are log lines too, and with JSON
    so is everything that it prints.
    """
    configure_logging(settings)
    logging.captureWarnings(capture=True)
    if settings.log_format == "json":
        log_what_is_printed()


def describe_error(error: BaseException) -> str:
    """The error's class and message, for a field of a log line. `repr` will not do: redis-py's holds no message, and `str`
    of a KeyError or of an error without a message does not say what it is.
    """
    return f"{type(error).__name__}: {error}".removesuffix(": ")


@contextmanager
def private_texts(texts: Iterable[Any]) -> Iterator[None]:
    """Until the block ends, errors that this thread logs do not show these texts: libraries quote in an error's message what
    they could not work with. What is no text is left out.
    """
    # The longest first: one may be a part of another.
    private = {text for text in texts if isinstance(text, str) and len(text) >= _SHORTEST_PRIVATE_TEXT}
    token = _PRIVATE_TEXTS.set(tuple(sorted(private, key=len, reverse=True)))
    try:
        yield
    finally:
        _PRIVATE_TEXTS.reset(token)


def _hide_in_fields(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if _PRIVATE_TEXTS.get():
        for name in ("error", "reason", "exception"):
            if name in event:
                event[name] = _hide(event[name])
    return event


def _hide(value: Any) -> Any:
    if isinstance(value, str):
        for text in _PRIVATE_TEXTS.get():
            value = value.replace(text, "…")
        return value
    if isinstance(value, dict):
        return {name: _hide(each) for name, each in value.items()}
    return [_hide(each) for each in value] if isinstance(value, list | tuple) else value


def _write_traceback(stream: TextIO, exc_info: ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    stream.write(_hide(text.getvalue()))
