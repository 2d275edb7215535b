"""Slots that accounts share: no account takes all of them, and the queue for them has an end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from core.shared_slots import NoSlotFree, SharedSlots, SlotLimits

GREEDY, MODEST, THIRD = (UUID(int=number) for number in (1, 2, 3))


class Holder:
    """A thread that takes a slot and keeps it until it is told to release it."""

    def __init__(self, slots: SharedSlots, account_id: UUID, order: list[UUID]) -> None:
        self.has_it = threading.Event()
        self.was_refused = threading.Event()
        self._may_end = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(slots, account_id, order), daemon=True)
        self._thread.start()

    def _run(self, slots: SharedSlots, account_id: UUID, order: list[UUID]) -> None:
        try:
            with slots.slot(account_id):
                order.append(account_id)
                self.has_it.set()
                self._may_end.wait(10)
        except NoSlotFree:
            self.was_refused.set()

    def release(self) -> None:
        self._may_end.set()

    def join(self) -> None:
        self._thread.join(10)


Hold = Callable[[UUID], Holder]


LIMITS = SlotLimits(slots=3, slots_of_account=2, waiting=5, waiting_of_account=3, wait_seconds=10)


@pytest.fixture
def order() -> list[UUID]:
    """The accounts in the order in which they got a slot."""
    return []


@pytest.fixture
def slots() -> SharedSlots:
    """Three, of which an account has two at most."""
    return SharedSlots(LIMITS)


@pytest.fixture
def hold(slots: SharedSlots, order: list[UUID]) -> Iterator[Hold]:
    """Starts a thread that wants a slot, and waits until it has it or waits for it."""
    holders: list[Holder] = []
    with ExitStack() as ends:

        def start(account_id: UUID) -> Holder:
            waiting = slots.count_waiting()
            holder = Holder(slots, account_id, order)
            ends.callback(holder.join)
            holders.append(holder)
            _wait_until(
                lambda: holder.has_it.is_set() or holder.was_refused.is_set() or slots.count_waiting() > waiting
            )
            return holder

        yield start
        for holder in holders:
            holder.release()


def _wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(2_000):
        if is_so():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come to that within 10 s")


def test_one_slot_is_left_to_the_others(hold: Hold) -> None:
    """An account that wants all three has two, and another one gets the third at once."""
    greedy = [hold(GREEDY) for _ in range(3)]

    assert [each.has_it.is_set() for each in greedy] == [True, True, False]
    assert hold(MODEST).has_it.is_set()


def test_a_free_slot_goes_to_the_account_with_fewest(hold: Hold, order: list[UUID]) -> None:
    """Not to the one whose threads have waited longest."""
    first, _second, _third = hold(GREEDY), hold(GREEDY), hold(MODEST)
    waiting = [hold(GREEDY), hold(MODEST), hold(THIRD)]

    first.release()
    assert waiting[2].has_it.wait(10)
    assert order == [GREEDY, GREEDY, MODEST, THIRD]


def test_among_equals_it_goes_to_the_one_that_waited_longest(hold: Hold, order: list[UUID]) -> None:
    """The queue is one in which nobody is overtaken for ever."""
    first, second = hold(GREEDY), hold(MODEST)
    hold(THIRD)
    waiting = [hold(MODEST), hold(GREEDY)]
    second.release()
    assert waiting[0].has_it.wait(10)
    first.release()
    assert waiting[1].has_it.wait(10)
    assert order == [GREEDY, MODEST, THIRD, MODEST, GREEDY]


def test_the_queue_has_an_end_for_each_account_and_for_all(hold: Hold) -> None:
    """Two hold, three wait, and the fourth of that account is refused at once; then two of others wait, and no more."""
    greedy = [hold(GREEDY) for _ in range(6)]
    assert [each.was_refused.is_set() for each in greedy] == [False] * 5 + [True]

    others = [hold(uuid4()) for _ in range(4)]
    assert [each.has_it.is_set() for each in others] == [True, False, False, False]
    assert [each.was_refused.is_set() for each in others] == [False, False, False, True]


def test_the_wait_has_an_end() -> None:
    """Then the thread is refused, its place in the queue is free, and the slot that it would have had is another's."""
    slots = SharedSlots(replace(LIMITS, slots=1, slots_of_account=1, wait_seconds=0.01))
    with slots.slot(GREEDY):
        with pytest.raises(NoSlotFree), slots.slot(MODEST):
            pass
        assert slots.count_waiting() == 0
    with slots.slot(THIRD):
        pass


def test_a_slot_is_released_by_an_error(slots: SharedSlots) -> None:
    """As often as there are slots, and once more."""
    for _ in range(4):
        with pytest.raises(ZeroDivisionError), slots.slot(GREEDY):
            raise ZeroDivisionError
