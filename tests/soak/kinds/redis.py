"""Faults of Redis and of the link to it."""

from __future__ import annotations

import random

from tests.faults.proxy import Flow
from tests.soak.ground import Fault, Ground, freeze_server, kill_server, on_link, pause, slow_link


def _kill_and_forget(ground: Ground, dice: random.Random) -> None:
    server = ground.service.stack.part("redis")
    server.kill()
    for file in (ground.service.stack.data_folder.path / "redis").rglob("*.aof*"):
        file.unlink()
    pause(dice, 0.1, 1.5)
    server.start()
    server.wait_until_ready()


def _empty(ground: Ground, dice: random.Random) -> None:
    with ground.service.redis() as client:
        client.flushall()


def _cut_every_client_off(ground: Ground, dice: random.Random) -> None:
    with ground.service.redis() as client:
        client.client_kill_filter(_type="normal", skipme=True)


def _fill(ground: Ground, dice: random.Random) -> None:
    with ground.service.redis() as client:
        client.config_set("maxmemory", 1)
        try:
            pause(dice)
        finally:
            client.config_set("maxmemory", 0)


def _make_read_only(ground: Ground, dice: random.Random) -> None:
    with ground.service.redis() as client:
        client.replicaof("127.0.0.1", "1")
        try:
            pause(dice)
        finally:
            client.replicaof("NO", "ONE")


REDIS: dict[str, Fault] = {
    "redis: SIGKILL": kill_server("redis"),
    "redis: SIGKILL, and empty afterwards": _kill_and_forget,
    "redis: FLUSHALL": _empty,
    "redis: CLIENT KILL": _cut_every_client_off,
    "redis: no memory left": _fill,
    "redis: read-only": _make_read_only,
    "redis: frozen": freeze_server("redis"),
    "redis: slow link": slow_link("redis", seconds=0.03),
    "redis: link reset": on_link("redis", Flow.RESET),
    "redis: link half-open": on_link("redis", Flow.BLACK_HOLE),
    "redis: link partitioned": on_link("redis", Flow.HOLD),
}
