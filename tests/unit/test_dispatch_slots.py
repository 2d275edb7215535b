"""The slots of a dispatcher: claim, do, and claim again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import pytest

from worker.dispatch_slots import DispatchSlots

_ACCOUNT, _ENDPOINT = UUID(int=1), UUID(int=2)


@dataclass(frozen=True)
class _Claimed:
    name: str
    account_id: UUID = _ACCOUNT
    endpoint_id: UUID = _ENDPOINT


class _Due:
    """What is due, and what has been done of it."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.done: list[str] = []

    def claim(self) -> _Claimed | None:
        return _Claimed(self.names.pop(0)) if self.names else None

    def do(self, claimed: _Claimed) -> None:
        self.done.append(claimed.name)


def test_everything_due_is_done_in_order() -> None:
    """One after another, until nothing is due."""
    due = _Due("one", "two", "three")

    DispatchSlots(1).work(due.claim, due.do)

    assert (due.done, due.names) == (["one", "two", "three"], [])


def test_work_counts_for_all_whom_it_is_done_for() -> None:
    """While it is done, and no longer: its account and its endpoint have as much as they may."""
    slots, due = DispatchSlots(2, endpoint=1), _Due("one")
    busy: list[list[UUID]] = []

    slots.work(due.claim, lambda _: busy.extend([slots.list_busy("account"), slots.list_busy("endpoint")]))

    assert busy == [[_ACCOUNT], [_ENDPOINT]]
    assert (slots.list_busy("account"), slots.list_busy("endpoint")) == ([], [])


def test_without_a_free_slot_nothing_is_claimed() -> None:
    """The ring's thread returns at once; the one that has the slot does what is due by then."""
    slots, due = DispatchSlots(1), _Due("one")
    is_working, may_end = threading.Event(), threading.Event()

    def do_slowly(claimed: _Claimed) -> None:
        is_working.set()
        assert may_end.wait(10)
        due.do(claimed)

    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(slots.work, due.claim, do_slowly)
        assert is_working.wait(10)
        due.names.append("two")
        slots.work(due.claim, due.do)
        assert (due.names, due.done) == (["two"], [])
        may_end.set()
        working.result(10)

    assert due.done == ["one", "two"]


def test_a_process_that_shuts_down_claims_nothing_more() -> None:
    """What is in progress is finished, and the rest is left for another process."""
    slots, due = DispatchSlots(1), _Due("one", "two")

    def do_as_the_process_ends(claimed: _Claimed) -> None:
        slots.close()
        due.do(claimed)

    slots.work(due.claim, do_as_the_process_ends)
    slots.work(due.claim, due.do)

    assert (due.done, due.names) == (["one"], ["two"])


@pytest.mark.parametrize("failing", ["claim", "do"])
def test_an_error_frees_the_slot(failing: str) -> None:
    """It is for the caller. The next ring finds the slot free, and nobody counted as busy."""
    slots, due = DispatchSlots(1, endpoint=1), _Due("one", "two")

    def fail(*_: object) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        slots.work(fail if failing == "claim" else due.claim, fail if failing == "do" else due.do)
    assert (slots.list_busy("account"), slots.list_busy("endpoint")) == ([], [])
    slots.work(due.claim, due.do)

    assert due.done == (["one", "two"] if failing == "claim" else ["two"])
