"""Faults of the service's own processes; the keeper starts again what ends."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress

from infra.local.processes import list_descendants
from tests.soak.ground import Fault, Ground, pause


def _kill(role: str) -> Fault:
    def kill(ground: Ground, dice: random.Random) -> None:
        dice.choice(ground.keeper.parts_of(role)).kill()

    return kill


def _tell_to_end(role: str, *signals: signal.Signals) -> Fault:
    def tell(ground: Ground, dice: random.Random) -> None:
        part = dice.choice(ground.keeper.parts_of(role))
        for signum in signals:
            with suppress(ProcessLookupError):
                os.kill(part.pid, signum)
            pause(dice, 0.05, 0.3)

    return tell


def _freeze(role: str, *, least: float, most: float) -> Fault:
    def freeze(ground: Ground, dice: random.Random) -> None:
        part = dice.choice(ground.keeper.parts_of(role))
        with ground.keeper.leaving_alone(part):
            part.pause()
            try:
                pause(dice, least, most)
            finally:
                part.resume()

    return freeze


def _freeze_past_the_lease(ground: Ground, dice: random.Random) -> None:
    _freeze("worker", least=ground.lease_seconds + 1, most=ground.lease_seconds + 2)(ground, dice)


def _kill_gunicorns_worker(ground: Ground, dice: random.Random) -> None:
    for part in ground.keeper.parts_of("api"):
        for pid in list_descendants(part.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _kill_every_worker(ground: Ground, dice: random.Random) -> None:
    for part in ground.keeper.parts_of("worker"):
        part.kill()


def _kill_all(ground: Ground, dice: random.Random) -> None:
    for part in ground.keeper.parts:
        part.kill()


PROCESSES: dict[str, Fault] = {
    "worker: SIGKILL": _kill("worker"),
    "worker: frozen past its lease": _freeze_past_the_lease,
    "worker: frozen for a moment": _freeze("worker", least=0.2, most=2),
    "worker: SIGTERM": _tell_to_end("worker", signal.SIGTERM),
    "worker: SIGTERM, SIGTERM": _tell_to_end("worker", signal.SIGTERM, signal.SIGTERM),
    "worker: SIGUSR1": _tell_to_end("worker", signal.SIGUSR1),
    "workers: SIGKILL to all": _kill_every_worker,
    "api: SIGKILL": _kill("api"),
    "api: SIGKILL below gunicorn": _kill_gunicorns_worker,
    "api: SIGTERM": _tell_to_end("api", signal.SIGTERM),
    "api: frozen": _freeze("api", least=0.5, most=2),
    "dispatcher: SIGKILL": _kill("dispatcher"),
    "dispatcher: SIGTERM": _tell_to_end("dispatcher", signal.SIGTERM),
    "dispatcher: frozen": _freeze("dispatcher", least=0.5, most=4),
    "beat: SIGKILL": _kill("beat"),
    "beat: frozen": _freeze("beat", least=1, most=4),
    "all of ours: SIGKILL": _kill_all,
}
