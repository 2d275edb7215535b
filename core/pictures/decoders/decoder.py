"""One child process that decodes pictures, as its parent sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import structlog

import core
from core.pictures.decoders.messages import ReadFile, ReadPicture, receive_answer, receive_into, send_file, send_text
from core.pictures.limits import NotAnImage
from core.pictures.picture_text import PictureText

#: Seconds without a byte from the child, which is many times the CPU time that it has: then the machine has no time for it.
_PATIENCE_SECONDS = 30.0

#: A child that has decoded this many pictures is replaced, so that what a library leaks does not add up.
_MOST_PICTURES = 1_000

#: The folder that `core` lies in.
_PACKAGES = Path(core.__file__).resolve().parents[1]

_Answer = TypeVar("_Answer")

_log = structlog.get_logger()


class DecoderSlow(Exception):
    """The child did not answer, although it had CPU time left."""


class Decoder:
    """A child that is started for the first picture, and again after it has died. One thread uses it at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._pictures = 0

    def start(self) -> None:
        """Start the child, unless it runs. Raises OSError if the machine has no process left."""
        if self._process is not None:
            return
        ours, theirs = socket.socketpair()
        try:
            # Nothing of the environment: it holds the keys to everything.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "core.pictures.decoders.child"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.fspath(_PACKAGES), "PATH": os.defpath, "OMP_NUM_THREADS": "1"},
                # Ctrl-C in a terminal reaches the parent alone, which closes the socket. Where Linux shares the time out among
                # sessions, the time of the pictures would be the parent's.
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.settimeout(_PATIENCE_SECONDS)
        self._connection = ours
        self._pictures = 0

    def renew(self) -> None:
        """Have a child for the next picture: start it, or replace one that has died or decoded its share. Raises OSError as well."""
        if self._process is not None and (self._process.poll() is not None or self._pictures >= _MOST_PICTURES):
            self.close()
        self.start()

    def read(self, text: PictureText) -> ReadPicture:
        """The picture in the text. Raises NotAnImage, also for a picture that the child dies of, DecoderSlow, and OSError if
        no child can be started.
        """
        return self._ask(partial(send_text, text=text), receive_answer)

    def read_file(self, picture: BinaryIO, byte_size: int, *, into: BinaryIO) -> ReadFile:
        """The picture in a file, of which the image is appended to `into`. Raises as `read` does."""
        return self._ask(partial(send_file, file=picture, byte_size=byte_size), partial(receive_into, file=into))

    def close(self) -> None:
        """End the child, if it runs."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ask(self, send: Callable[[socket.socket], None], receive: Callable[[socket.socket], _Answer]) -> _Answer:
        self.renew()
        assert self._connection is not None
        self._pictures += 1
        try:
            send(self._connection)
            return receive(self._connection)
        except TimeoutError as error:
            self.close()
            raise DecoderSlow from error
        except ConnectionError as error:
            raise self._explain_death() from error
        except NotAnImage:
            raise
        except BaseException:
            # Half a message is in the socket.
            self.close()
            raise

    def _explain_death(self) -> NotAnImage:
        assert self._process is not None
        try:
            ended_by = -self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            ended_by = 0
        self.close()
        _log.warning("decoder_died", signal=ended_by)
        if ended_by == signal.SIGXCPU:
            return NotAnImage("takes more time to decode than a picture may")
        return NotAnImage("cannot be decoded: its decoder died of it")
