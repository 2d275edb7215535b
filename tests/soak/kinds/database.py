"""Faults of PostgreSQL and of the link to it."""

from __future__ import annotations

import random

from tests.faults.proxy import Cut, Flow
from tests.soak.ground import Fault, Ground, freeze_server, kill_server, on_link, slow_link

_CUT_SECONDS = 3


def _end_every_session(ground: Ground, dice: random.Random) -> None:
    ground.service.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
        "and application_name = 'darkroom'"
    )


def _restart(ground: Ground, dice: random.Random) -> None:
    ground.service.stack.part("database").restart()


def _cut_at(what: bytes, *, is_delivered: bool) -> Fault:
    def cut(ground: Ground, dice: random.Random) -> None:
        # Whoever sends that next, be it the API, a worker or the dispatcher.
        ground.service.links["database"].cut = cut = Cut(after=b"", at=what, is_delivered=is_delivered)
        cut.is_done.wait(_CUT_SECONDS)
        ground.service.links["database"].cut = None

    return cut


#: What only one statement sends, which is a transaction of its own: the request of a new job, and where images lie.
_NEW_JOB = b'{"prompt": '
_SUCCESS = b"artifacts/job_"


DATABASE: dict[str, Fault] = {
    "postgresql: every session ended": _end_every_session,
    "postgresql: SIGKILL": kill_server("database"),
    "postgresql: restarted": _restart,
    "postgresql: frozen": freeze_server("database"),
    "postgresql: slow link": slow_link("database", seconds=0.01),
    "postgresql: link reset": on_link("database", Flow.RESET),
    "postgresql: link half-open": on_link("database", Flow.BLACK_HOLE),
    "postgresql: link partitioned": on_link("database", Flow.HOLD),
    "postgresql: link cut at COMMIT, which arrives": _cut_at(b"COMMIT", is_delivered=True),
    "postgresql: link cut at COMMIT, which is lost": _cut_at(b"COMMIT", is_delivered=False),
    "postgresql: link cut at a new job, which arrives": _cut_at(_NEW_JOB, is_delivered=True),
    "postgresql: link cut at a new job, which is lost": _cut_at(_NEW_JOB, is_delivered=False),
    "postgresql: link cut at a success, which arrives": _cut_at(_SUCCESS, is_delivered=True),
    "postgresql: link cut at a success, which is lost": _cut_at(_SUCCESS, is_delivered=False),
}
