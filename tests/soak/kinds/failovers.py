"""Failovers of PostgreSQL, each at least once in a soak."""

from __future__ import annotations

import random

from infra.local.ports import Ports
from tests.failover.refuse_writes import Refusal, end_sessions, refusing_writes
from tests.failover.standby import DatabaseServer, first_server, second_server
from tests.faults.proxy import Proxy
from tests.soak.ground import Fault, Ground, pause


def _fail_over_and_back(ground: Ground, dice: random.Random) -> None:
    stack, link = ground.service.stack, ground.service.links["primary"]
    first = first_server(stack, ground.service.direct["DATABASE_URL"])
    ports = Ports()
    try:
        with second_server(stack, port=ports.reserve(), like=first) as second:
            _fail_over(link, primary=first, standby=second, dice=dice)
            pause(dice)
            _fail_over(link, primary=second, standby=first, dice=dice)
    finally:
        ports.release()


def _fail_over(link: Proxy, *, primary: DatabaseServer, standby: DatabaseServer, dice: random.Random) -> None:
    standby.follow(primary)
    pause(dice)
    primary.part.kill()
    pause(dice, 0.1, 1.5)
    # Its sessions are read-only until it is promoted.
    link.lead_to(standby.postgres.port)
    pause(dice, 0.1, 1.5)
    standby.promote()


def _refuse_writes(ground: Ground, dice: random.Random) -> None:
    service = ground.service
    with refusing_writes(service.direct["DATABASE_URL"], dice.choice([*Refusal])):
        pause(dice, 1, 6)
    if service.links["primary"] is not service.links["database"]:
        # A pooler keeps the sessions of that time for an hour, unless somebody ends them.
        end_sessions(service.direct["DATABASE_URL"])


FAILOVERS: dict[str, Fault] = {
    "postgresql: primary killed, standby promoted, and back": _fail_over_and_back,
    "postgresql: sessions read-only": _refuse_writes,
}
