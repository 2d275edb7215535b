"""Logs are events: a static past-tense name, data in fields, context bound once and cleared after."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO

import structlog
from structlog.typing import Processor

from core.fault_points import report_fault_points
from core.settings import Settings

#: Without the frames' local variables: those hold keys, passwords and prompts.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


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
        [_TRACEBACKS, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    # Our own lines do not pass through the standard library, which takes longer for a line than all the rest together.
    lines = _Lines(sys.stdout)
    structlog.configure(
        processors=[*shared, *renderer],
        logger_factory=lambda *_: lines,
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=False,
    )

    handler = logging.StreamHandler(sys.stdout)
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
