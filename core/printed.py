"""What a library prints becomes a line of the log, so that every line of a process has the log's format."""

from __future__ import annotations

import io
import logging
import sys
import threading
from types import TracebackType
from typing import TextIO

import structlog

#: Characters of a line that is not ended; more of it are a line of their own.
_LONGEST = 10_000

_log = structlog.get_logger()


def log_what_is_printed() -> None:
    """Turn prints to stdout and stderr, and exceptions that nothing catches into log lines. What C code writes
    is not seen by Python. A second call changes nothing.
    """
    sys.stdout = _Printed(get_stream(sys.stdout), "stdout")
    sys.stderr = _Printed(get_stream(sys.stderr), "stderr")
    sys.excepthook = _log_exception
    threading.excepthook = _log_threads_exception
    sys.unraisablehook = _log_unraisable


def get_stream(stream: TextIO) -> TextIO:
    """What the process was started with, for `sys.stdout` or `sys.stderr` that may have been replaced."""
    return stream.stream if isinstance(stream, _Printed) else stream


def hand_over_handlers() -> None:
    """Take from each logger the handlers that its library gave it: what it logs is then written by ours, once."""
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and any(
            isinstance(handler, logging.StreamHandler) for handler in logger.handlers
        ):
            logger.handlers = []
            logger.propagate = True


class _Printed(io.TextIOBase):
    """Logs whole lines; what is written in parts is put together, for each thread by itself."""

    def __init__(self, stream: TextIO, name: str) -> None:
        super().__init__()
        self.stream = stream
        self._name = name
        self._begun = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.stream.encoding

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.stream.fileno()

    def write(self, text: str) -> int:
        # A progress bar goes back to the start of its line.
        *whole, rest = (getattr(self._begun, "text", "") + text).replace("\r", "\n").split("\n")
        if len(rest) > _LONGEST:
            whole, rest = [*whole, rest], ""
        self._begun.text = rest
        for line in whole:
            if line.strip():
                _log.info("printed", stream=self._name, text=line)
        return len(text)


def _log_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        _log.warning("process_interrupted")
    else:
        _log.critical("process_failed", exc_info=(kind, error, traceback))


def _log_threads_exception(failed: threading.ExceptHookArgs) -> None:
    # Such a thread was asked to end.
    if failed.exc_value is not None and not issubclass(failed.exc_type, SystemExit):
        name = failed.thread.name if failed.thread else None
        _log.error("thread_failed", thread=name, exc_info=(failed.exc_type, failed.exc_value, failed.exc_traceback))


def _log_unraisable(failed: sys.UnraisableHookArgs) -> None:
    error = failed.exc_value
    _log.error(
        "exception_ignored",
        where=failed.err_msg or repr(failed.object),
        exc_info=None if error is None else (failed.exc_type, error, failed.exc_traceback),
    )
