"""Slots that all accounts share, of which one account never takes all: for work that costs the same whoever sends it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID


class NoSlotFree(Exception):
    """As many wait for a slot as may, or the wait took too long."""


@dataclass(frozen=True)
class SlotLimits:
    """How many may have a slot, and how many may wait for one."""

    slots: int
    #: Slots that one account has at most.
    slots_of_account: int
    waiting: int
    waiting_of_account: int
    #: After this a thread that waits gives up.
    wait_seconds: float

    @classmethod
    def of(cls, slots: int, *, threads: int, wait_seconds: float) -> SlotLimits:
        """One slot is left to the other accounts; half of the process's threads may wait, and a quarter for one account."""
        return cls(
            slots=slots,
            slots_of_account=max(1, slots - 1),
            waiting=max(1, threads // 2),
            waiting_of_account=max(1, threads // 4),
            wait_seconds=wait_seconds,
        )


@dataclass(eq=False)
class _Ticket:
    account_id: UUID
    called: threading.Event = field(default_factory=threading.Event)


class SharedSlots:
    """A bounded number of slots with a bounded queue. A free slot goes to the account that has the fewest; among the
    threads of one account, and of accounts that have as many, to the one that has waited longest.
    """

    def __init__(self, limits: SlotLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._taken: Counter[UUID] = Counter()
        self._waiting: list[_Ticket] = []

    @contextmanager
    def slot(self, account_id: UUID, *, wait_seconds: float | None = None) -> Iterator[None]:
        """Hold a slot for the block. `wait_seconds`: how long to wait for it, if not as long as all others do. Raises
        NoSlotFree.
        """
        self._take(account_id, self._limits.wait_seconds if wait_seconds is None else wait_seconds)
        try:
            yield
        finally:
            with self._lock:
                self._free(account_id)

    def count_waiting(self) -> int:
        """How many threads wait for a slot."""
        return len(self._waiting)

    def _take(self, account_id: UUID, wait_seconds: float) -> None:
        limits = self._limits
        with self._lock:
            if self._may_have_one(account_id):
                self._taken[account_id] += 1
                return
            of_account = sum(ticket.account_id == account_id for ticket in self._waiting)
            if len(self._waiting) >= limits.waiting or of_account >= limits.waiting_of_account:
                raise NoSlotFree
            ticket = _Ticket(account_id)
            self._waiting.append(ticket)
        if ticket.called.wait(wait_seconds):
            return
        with self._lock:
            if ticket.called.is_set():
                # Called between the end of the wait and here.
                return
            self._waiting.remove(ticket)
        raise NoSlotFree

    def _may_have_one(self, account_id: UUID) -> bool:
        return self._taken.total() < self._limits.slots and self._taken[account_id] < self._limits.slots_of_account

    def _free(self, account_id: UUID) -> None:
        self._taken[account_id] -= 1
        if self._taken[account_id] == 0:
            del self._taken[account_id]
        ready = [ticket for ticket in self._waiting if self._may_have_one(ticket.account_id)]
        if ready:
            ticket = min(ready, key=lambda each: self._taken[each.account_id])
            self._waiting.remove(ticket)
            self._taken[ticket.account_id] += 1
            ticket.called.set()
