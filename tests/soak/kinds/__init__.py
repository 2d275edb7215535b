"""Every kind of fault, by its name."""

from __future__ import annotations

from tests.soak.ground import Fault
from tests.soak.kinds.database import DATABASE
from tests.soak.kinds.failovers import FAILOVERS
from tests.soak.kinds.messages import MESSAGES
from tests.soak.kinds.processes import PROCESSES
from tests.soak.kinds.redis import REDIS
from tests.soak.kinds.stores import STORES

KINDS: dict[str, Fault] = PROCESSES | REDIS | DATABASE | FAILOVERS | STORES | MESSAGES

#: What is broken side by side; in each lane one thing at a time.
LANES: dict[str, list[str]] = {
    "processes": [*PROCESSES],
    "redis": [*REDIS, *MESSAGES],
    "database": [*DATABASE, *FAILOVERS],
    "stores": [*STORES],
}

#: What happens in every soak, however few faults it has, in the middle of it.
ALWAYS: list[str] = [*FAILOVERS]
