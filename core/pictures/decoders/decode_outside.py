"""The door to the decoders: a picture's text or file in, an image of our own out, and no other process looks at its bytes."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from queue import Empty, LifoQueue
from typing import BinaryIO, TypeVar
from uuid import UUID

from core.errors import PicturesBusy
from core.metrics import PICTURE_DECODE_SECONDS, PICTURES_DECODED
from core.pictures.data_uri import check_length
from core.pictures.decoders.decoder import Decoder, DecoderSlow
from core.pictures.decoders.messages import ReadFile, ReadPicture
from core.pictures.limits import NotAnImage
from core.pictures.picture_text import PictureText
from core.settings import get_settings
from core.shared_slots import NoSlotFree, SharedSlots, SlotLimits

#: A thread waits no longer for its turn: a client that waits for an answer sends the request again sooner or later.
_WAIT_SECONDS = 10.0


#: For a file, which has been received by then and would have to be sent once more.
_WAIT_WITH_FILE_SECONDS = 40.0

_Answer = TypeVar("_Answer")


class Decoders:
    """A few children, and the queue in front of them, in which no account takes all turns."""

    def __init__(self, count: int, *, threads: int) -> None:
        self._slots = SharedSlots(SlotLimits.of(count, threads=threads, wait_seconds=_WAIT_SECONDS))
        # The one that worked last comes first: its memory is warm, and fewer of them run while there is little to do.
        self._idle: LifoQueue[Decoder] = LifoQueue()
        self._started = threading.Event()
        self._all = [Decoder() for _ in range(count)]
        for decoder in self._all:
            self._idle.put(decoder)

    def start_one(self) -> None:
        """Start the child that decodes the first picture."""
        self._all[-1].start()

    def read(self, text: PictureText, *, account_id: UUID) -> ReadPicture:
        """The picture that an account's request holds as text. Raises NotAnImage, and PicturesBusy if too
        many pictures are decoded.
        """
        check_length(text)
        return self._in_turn(account_id, lambda decoder: decoder.read(text), wait_seconds=_WAIT_SECONDS)

    def read_file(self, picture: BinaryIO, byte_size: int, *, into: BinaryIO, account_id: UUID) -> ReadFile:
        """The picture in a file of an account, of which the image is appended to `into`; neither is ever whole in the memory
        of this process. Raises as `read` does.
        """
        return self._in_turn(
            account_id,
            lambda decoder: decoder.read_file(picture, byte_size, into=into),
            wait_seconds=_WAIT_WITH_FILE_SECONDS,
        )

    def close(self) -> None:
        """End all children."""
        for decoder in self._all:
            decoder.close()

    def _in_turn(self, account_id: UUID, ask: Callable[[Decoder], _Answer], *, wait_seconds: float) -> _Answer:
        try:
            with self._slots.slot(account_id, wait_seconds=wait_seconds):
                return self._ask(ask)
        except NoSlotFree as error:
            PICTURES_DECODED.labels("busy").inc()
            raise PicturesBusy from error

    def _ask(self, ask: Callable[[Decoder], _Answer]) -> _Answer:
        decoder = self._idle.get()
        self._start_others()
        started = time.perf_counter()
        try:
            answer = ask(decoder)
        except NotAnImage:
            PICTURES_DECODED.labels("refused").inc()
            raise
        except (DecoderSlow, OSError) as error:
            PICTURES_DECODED.labels("failed").inc()
            raise PicturesBusy from error
        finally:
            # Now, and not in front of the next picture: a child takes half a second to start, and longer on a busy machine.
            with suppress(OSError):
                decoder.renew()
            self._idle.put(decoder)
            PICTURE_DECODE_SECONDS.observe(time.perf_counter() - started)
        PICTURES_DECODED.labels("decoded").inc()
        return answer

    def _start_others(self) -> None:
        """With the first picture, so that none of those that come at once waits for a child."""
        if self._started.is_set():
            return
        self._started.set()
        others: list[Decoder] = []
        with suppress(Empty):
            while True:
                others.append(self._idle.get_nowait())
        for other in reversed(others):
            with suppress(OSError):
                other.start()
            self._idle.put(other)


@cache
def get_decoders() -> Decoders:
    """The decoders of this process, whose children start with the first picture."""
    settings = get_settings()
    decoders = Decoders(settings.picture_decoders, threads=settings.api_threads)
    atexit.register(decoders.close)
    return decoders
