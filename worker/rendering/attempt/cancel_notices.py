"""Hear at once which running jobs were cancelled. Without Redis the next heartbeat shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from core.live_events.channels import CANCELS_CHANNEL
from core.live_events.subscription import Subscription


class CancelNotices:
    """The jobs of this process that a notice may be about."""

    def __init__(self) -> None:
        self._running: dict[UUID, Callable[[], None]] = {}

    def start(self) -> None:
        """Hear from now on."""
        Subscription(CANCELS_CHANNEL, hear=self._hear, note_link=self._note_link).start()

    @contextmanager
    def reaching(self, job_id: UUID, expect_cancel: Callable[[], None]) -> Iterator[None]:
        """During the block `expect_cancel` is called if the job was cancelled: a hint, for the row to be read."""
        self._running[job_id] = expect_cancel
        try:
            yield
        finally:
            self._running.pop(job_id, None)

    def _hear(self, message: bytes) -> None:
        try:
            job_id = UUID(hex=message.decode("ascii"))
        except ValueError:
            return
        expect_cancel = self._running.get(job_id)
        if expect_cancel is not None:
            expect_cancel()

    def _note_link(self, is_linked: bool) -> None:
        if is_linked:
            # A notice may have been lost.
            for expect_cancel in list(self._running.values()):
                expect_cancel()
