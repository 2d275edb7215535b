"""What a fault breaks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.proxy import Flow, Proxy
from tests.faults.service import Service
from tests.soak.keeper import Keeper


@dataclass(frozen=True)
class Ground:
    """The service, its keeper, and the link to the receiver of webhooks."""

    service: Service
    keeper: Keeper
    receiver: Proxy
    lease_seconds: float

    def heal(self) -> None:
        """Every link passes what it is sent, and Redis takes what it is given."""
        for link in (*self.service.links.values(), self.receiver):
            link.latency, link.rewrite, link.answer, link.cut = 0.0, None, None, None
            link.flow = Flow.PASS
        with self.service.redis() as client:
            client.replicaof("NO", "ONE")
            client.config_set("maxmemory", 0)


#: Breaks something, and returns when that is over: what it takes its seconds and victims from is drawn from the seed.
Fault = Callable[[Ground, random.Random], None]


def pause(dice: random.Random, least: float = 0.5, most: float = 2.0) -> None:
    """Let the fault last for a while."""
    time.sleep(dice.uniform(least, most))


def on_link(name: str, flow: Flow) -> Fault:
    """The link to a server does this for a while."""

    def break_link(ground: Ground, dice: random.Random) -> None:
        link = ground.receiver if name == "receiver" else ground.service.links[name]
        with link.doing(flow):
            pause(dice)
        if flow is Flow.BLACK_HOLE and name not in {"redis", "database"}:
            # A machine that comes back does not know its old connections, and says so when TCP asks; here the proxy's
            # machine would say for ever that all is well. Clients of Redis and PostgreSQL have to find out by themselves.
            link.flow = Flow.RESET
            link.flow = Flow.PASS

    return break_link


def slow_link(name: str, *, seconds: float) -> Fault:
    """Every packet takes longer for a while."""

    def slow_down(ground: Ground, dice: random.Random) -> None:
        link = ground.service.links[name]
        link.latency = seconds
        try:
            pause(dice)
        finally:
            link.latency = 0.0

    return slow_down


def answer_for(name: str, answer: bytes) -> Fault:
    """A server answers everything with these bytes for a while."""

    def answer_wrongly(ground: Ground, dice: random.Random) -> None:
        link = ground.receiver if name == "receiver" else ground.service.links[name]
        with link.answering(answer):
            pause(dice)

    return answer_wrongly


def kill_server(name: str) -> Fault:
    """SIGKILL to a server, which is started again a little later."""

    def kill(ground: Ground, dice: random.Random) -> None:
        part = ground.service.stack.part(name)
        part.kill()
        pause(dice, 0.1, 1.5)
        part.start()
        part.wait_until_ready()

    return kill


def freeze_server(name: str) -> Fault:
    """A server stands still for a moment."""

    def freeze(ground: Ground, dice: random.Random) -> None:
        part = ground.service.stack.part(name)
        part.pause()
        try:
            pause(dice)
        finally:
            part.resume()

    return freeze
