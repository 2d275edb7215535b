"""What a soak is going to do, drawn from its seed: the same seed, jobs and number of faults are the same plan."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

_Item = TypeVar("_Item")

ACCOUNTS = 4

#: Where the processes of each role pass, and what may happen to them there.
POINTS: dict[str, tuple[str, ...]] = {
    "worker": (
        *("after_claim", "mid_step", "after_render", "after_encode", "mid_upload"),
        *("before_commit", "in_commit", "after_commit", "before_ring", "after_ring"),
    ),
    "api": (
        *("before_submit_commit", "after_submit_commit", "before_ring", "after_ring"),
        *("after_deletion_requested", "after_objects_deleted"),
    ),
    "dispatcher": ("mid_delivery", "after_delivery", "before_ring", "after_ring"),
}
_ACTIONS = ("raise", "stop", "stall:2")

#: One job in so many is deleted.
_DELETED = 20

_PROMPTS = ("a red mug", "a small blue bowl on a table", "two yellow boxes")

#: A picture of 8 x 8 pixels, for jobs that start from one.
_PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4oaGBFTEMLQkAgl1GAWqNFmsAAAAASUVORK5CYII="


@dataclass(frozen=True)
class Order:
    """One job that somebody wants, and what else they do about it."""

    number: int
    account: int
    body: dict[str, Any]
    #: Its Idempotency-Key; without one, what was not answered is sent again as another job.
    key: str | None
    #: Whether it is sent again although it was answered.
    is_repeated: bool
    #: Seconds from the answer to the cancel; None: it is not cancelled.
    cancel_after: float | None
    #: Seconds from the answer to the first try to delete it; None: it is not deleted.
    delete_after: float | None
    #: Whether another account asks for it, and must not see it.
    has_stranger: bool


@dataclass(frozen=True)
class PlannedFault:
    """A fault, and how many orders have been sent when its turn comes."""

    after_orders: int
    kind: str
    #: What it draws its seconds and its victims from.
    seed: str


@dataclass(frozen=True)
class Plan:
    """All of it."""

    seed: int
    orders: list[Order]
    #: In each lane one fault follows the other; the lanes run side by side.
    faults: dict[str, list[PlannedFault]]


def build_plan(
    seed: int, *, jobs: int, faults: int, lanes: Mapping[str, Sequence[str]], always: Sequence[str] = ()
) -> Plan:
    """So many jobs and faults. Every kind comes before any comes again; `always` come even if there are too few faults for all
    kinds.
    """
    dice = random.Random(f"{seed}:faults")
    planned: dict[str, list[PlannedFault]] = {lane: [] for lane in lanes}
    lane_of = {kind: lane for lane, kinds in lanes.items() for kind in kinds}
    # The first jobs are for coming up to speed; a fault after the last one would break nothing.
    moments = sorted(dice.uniform(0.02, 0.97) * jobs for _ in range(faults))
    kinds = [*itertools.islice(_shuffle_again(list(lane_of), dice), faults)]
    for position, kind in enumerate((kind for kind in always if kind not in kinds), start=faults // 2):
        kinds[position] = kind
    for moment, kind in zip(moments, kinds, strict=True):
        fault = PlannedFault(int(moment), kind, f"{seed}:{moment}:{kind}")
        planned[lane_of[kind]].append(fault)
    return Plan(seed, [_draw_order(seed, number) for number in range(jobs)], planned)


def draw_arms(seed: int, *, jobs: int) -> dict[str, Iterator[str]]:
    """By the role of a process, its FAULT_POINTS for each start: a few points early in its life, and one that ends it
    later. Every action at every point comes before any comes again.
    """
    # Starting a worker costs as much as a hundred jobs, so in a long soak they live longer.
    life = max(80, jobs // 40)
    return {role: _draw_arms_of(role, random.Random(f"{seed}:{role}"), life) for role in POINTS}


def _draw_arms_of(role: str, dice: random.Random, life: int) -> Iterator[str]:
    milder = _shuffle_again([(point, action) for point in POINTS[role] for action in _ACTIONS], dice)
    for deadly in _shuffle_again(POINTS[role], dice):
        arms = [
            f"{point}={action}@{dice.randint(3, round(60 * _pace(role, point)))}"
            for point, action in itertools.islice(milder, 3)
        ]
        yield ";".join([*arms, f"{deadly}=kill@{round(dice.randint(life, 3 * life) * _pace(role, deadly))}"])


def _pace(role: str, point: str) -> float:
    """How often a process comes to the point, beside a worker."""
    if point in {"after_deletion_requested", "after_objects_deleted"}:
        return 3 / _DELETED
    # Every submit passes the one API, and gunicorn starts what dies there with the same arms again.
    return 3 if role == "api" else 1


def _draw_order(seed: int, number: int) -> Order:
    dice = random.Random(f"{seed}:order:{number}")
    body: dict[str, Any] = {
        "prompt": dice.choice(_PROMPTS),
        "width": 64,
        "height": 64,
        "num_inference_steps": dice.choice([1, 1, 2, 3]),
        "seed": dice.randrange(1000),
        "metadata": {"order": str(number)},
    }
    if dice.random() < 0.1:
        body["num_images"] = dice.choice([2, 3])
    if dice.random() < 0.2:
        body["priority"] = dice.choice(["high", "low"])
    if dice.random() < 0.05:
        body["deadline_seconds"] = dice.choice([1, 5, 20])
    elif dice.random() < 0.05:
        body["start_deadline_seconds"] = dice.choice([1, 5, 20])
    if dice.random() < 0.03:
        body["retention_seconds"] = dice.choice([1, 10])
    if dice.random() < 0.03:
        body |= {"image": _PICTURE, "strength": 0.8, "num_inference_steps": 3}
    has_key = dice.random() < 0.6
    return Order(
        number=number,
        account=dice.choices(range(ACCOUNTS), [4, 2, 1, 1])[0],
        body=body,
        key=f"soak-{seed}-{number}" if has_key else None,
        is_repeated=has_key and dice.random() < 0.15,
        cancel_after=dice.choice([0.0, 0.02, 0.1, 0.5, 2.0]) if dice.random() < 0.08 else None,
        delete_after=dice.choice([0.5, 5.0, 20.0]) if dice.random() < 1 / _DELETED else None,
        has_stranger=dice.random() < 0.04,
    )


def _shuffle_again(items: Sequence[_Item], dice: random.Random) -> Iterator[_Item]:
    while True:
        yield from dice.sample(items, len(items))
