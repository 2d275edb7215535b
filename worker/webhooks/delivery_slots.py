"""The deliveries that this process is sending now: no receiver and no account may occupy all of its threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from core.webhooks.claim_delivery import ClaimedDelivery

#: Concurrent calls to one endpoint.
_MOST_PER_ENDPOINT = 4


class DeliverySlots:
    """A fixed number of slots: at most half of them for one account, and 4 for one endpoint."""

    def __init__(self, slots: int) -> None:
        self._slots = threading.BoundedSemaphore(slots)
        self._most_per_account = max(1, slots // 2)
        self._lock = threading.Lock()
        self._by_endpoint: Counter[UUID] = Counter()
        self._by_account: Counter[UUID] = Counter()
        self.is_closing = False

    def close(self) -> None:
        """The process shuts down: finish what is being sent, and claim nothing more."""
        self.is_closing = True

    @contextmanager
    def slot(self) -> Iterator[bool]:
        """Take a slot, and yield whether one was free. If none was, the caller can return: the threads that have a slot
        continue until nothing is due.
        """
        is_free = self._slots.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._slots.release()

    def busy(self) -> tuple[list[UUID], list[UUID]]:
        """The endpoints and the accounts that have reached their limit of concurrent calls."""
        with self._lock:
            return (
                [endpoint for endpoint, count in self._by_endpoint.items() if count >= _MOST_PER_ENDPOINT],
                [account for account, count in self._by_account.items() if count >= self._most_per_account],
            )

    @contextmanager
    def sending(self, delivery: ClaimedDelivery) -> Iterator[None]:
        """Count the delivery until the block ends."""
        self._count(delivery, 1)
        try:
            yield
        finally:
            self._count(delivery, -1)

    def _count(self, delivery: ClaimedDelivery, change: int) -> None:
        with self._lock:
            self._by_endpoint[delivery.endpoint_id] += change
            self._by_account[delivery.account_id] += change
            # Adding an empty Counter drops the keys whose count is 0: a process that runs for months must not keep them.
            self._by_endpoint += Counter()
            self._by_account += Counter()
