"""An account's submits take turns before they take a connection to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import UUID

from core.errors import SubmitsBusy
from core.settings import get_settings
from core.shared_slots import NoSlotFree, SharedSlots, SlotLimits

#: A submit waits no longer for its turn, as for a connection.
_WAIT_SECONDS = 4.0


@contextmanager
def submit_turn(account_id: UUID) -> Iterator[None]:
    """The block writes a job of the account. In the database they wait for each other, at the row with the account's slots, and
    each of them holds a connection while it waits: a burst of one account would hold all of them. Raises SubmitsBusy.
    """
    try:
        with _turns().slot(account_id):
            yield
    except NoSlotFree as error:
        raise SubmitsBusy from error


@cache
def _turns() -> SharedSlots:
    connections, threads = get_settings().database_pool_size, get_settings().api_threads
    return SharedSlots(
        SlotLimits(
            slots=connections,
            slots_of_account=max(1, connections // 4),
            waiting=threads,
            waiting_of_account=threads,
            wait_seconds=_WAIT_SECONDS,
        )
    )
