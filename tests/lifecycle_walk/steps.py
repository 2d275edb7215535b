"""What may happen next, and how often each: methods of the walk with their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, get_args

from hypothesis import strategies as st

from tests.lifecycle_walk.orders import orders
from tests.lifecycle_walk.workers import Fate, How

Thing = TypeVar("Thing")
Step = tuple[str, dict[str, Any]]

_WHO = st.integers(0, 1)
_WHICH = st.integers(0, 5)
_IS_OWN = st.sampled_from([True, True, True, False])
_MODEL = st.sampled_from([None, "picturebook"])
_HOW = st.sampled_from(["success", "success", *get_args(How)])

_LOST_ANSWERS = [fate for fate in get_args(Fate) if fate != "answered"]


def steps() -> st.SearchStrategy[Step]:
    """Any step. Workers are the busiest."""
    often = [
        _call("hear", end=st.sampled_from(["lives", "lives", "lives", "lives", "dies in it", "dies after it"])),
        _call("end", which=_WHICH, how=_HOW, fate=st.just("answered")),
        _call("step_clock", steps=st.sampled_from([1, 2, 3, 3, 6])),
    ]
    sometimes = [
        _call("submit", order=orders()),
        _call("end", which=_WHICH, how=_HOW, fate=st.sampled_from(_LOST_ANSWERS)),
        _call("beat", which=_WHICH, step=st.one_of(st.none(), st.integers(1, 9))),
        _call("sweep", is_doubled=st.booleans()),
        _call("cancel", which=_WHICH, is_own=_IS_OWN),
        _call("delete", which=_WHICH, is_own=_IS_OWN),
    ]
    seldom = [
        _call("ring_wrongly", is_lost=st.booleans()),
        _call("move", which=_WHICH, to=st.sampled_from(["front", "end"]), is_own=_IS_OWN),
        _call("cancel_all", who=_WHO),
        _call("pause", who=_WHO, running=st.sampled_from([None, "finish", "put_back"])),
        _call("pause_work", model=_MODEL),
        _call("resume_work", model=_MODEL),
        _call(
            "limit",
            who=_WHO,
            name=st.sampled_from(["max_queued_jobs", "max_running_jobs"]),
            limit=st.sampled_from([None, 1, 2]),
        ),
    ]
    # Not one_of, which takes equal strategies for one.
    return st.sampled_from(often * 4 + sometimes * 2 + seldom).flatmap(lambda step: step)


def pick(things: Sequence[Thing], which: int) -> Thing:
    """One of them, counted from the latest."""
    return things[-1 - which % len(things)]


def _call(name: str, /, **arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), st.fixed_dictionaries(arguments))
