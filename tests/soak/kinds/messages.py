"""Faults of the messages in Redis: too many, too few, and wrong ones."""

from __future__ import annotations

import random

from core.doorbell import DELIVER_NEXT, MAINTENANCE_QUEUE, RENDER_NEXT, SWEEP, WEBHOOK_QUEUE, Doorbell, render_queue
from tests.faults.garbage import GARBAGE
from tests.soak.ground import Fault, Ground

_QUEUES = (render_queue("default"), WEBHOOK_QUEUE, MAINTENANCE_QUEUE)


def _send_garbage(ground: Ground, dice: random.Random) -> None:
    with ground.service.redis() as client:
        for queue in _QUEUES:
            client.lpush(queue, *dice.sample(list(GARBAGE.values()), len(GARBAGE)))


def _lose_every_ring(ground: Ground, dice: random.Random) -> None:
    with ground.service.redis() as client:
        client.delete(*_QUEUES)


def _ring_too_often(ground: Ground, dice: random.Random) -> None:
    doorbell = Doorbell(ground.service.direct["REDIS_URL"])
    doorbell.ring(_QUEUES[0], RENDER_NEXT, times=20, rung_for="job_of_another_time")
    doorbell.ring(WEBHOOK_QUEUE, DELIVER_NEXT, times=20)


def _sweep_many_times(ground: Ground, dice: random.Random) -> None:
    Doorbell(ground.service.direct["REDIS_URL"]).ring(MAINTENANCE_QUEUE, SWEEP, times=4)


MESSAGES: dict[str, Fault] = {
    "messages: garbage": _send_garbage,
    "messages: every ring lost": _lose_every_ring,
    "messages: rings for nothing": _ring_too_often,
    "messages: four sweeps at once": _sweep_many_times,
}
