"""Named points at which a test lets this very process die, freeze, stall or fail.

    FAULT_POINTS="mid_upload=kill@2;after_claim=stall:5;before_commit=raise;mid_step=kill~0.01" FAULT_SEED=7

This is not a setting and stands in neither core/settings.py, .env.example nor docker-compose.yml, so that nobody arms a
deployment by filling in a form: the environment is read here, once, when the process starts, and a process that is
armed says so as loudly as a log can. Unarmed, a point costs one look-up in an empty dict.
"""

from __future__ import annotations

import os
import random
import re
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import structlog

#: Where a process can be when it is hit, in the order of a job's life.
POINTS = frozenset(
    {
        "before_submit_commit",  # the job's row may be written, and is not committed
        "after_submit_commit",  # the job is accepted, and its sender does not know yet
        "before_ring",
        "after_ring",
        "in_claim",  # the long way of a claim holds its rows in a transaction, and is not yet committed
        "after_claim",  # the lease runs, and nobody renews it yet
        "mid_step",  # a denoising step has just ended
        "after_render",
        "after_encode",
        "mid_upload",  # one image lies in the bucket, and the others may
        "before_commit",  # everything is in the bucket, and the outcome is not written
        "in_commit",  # an outcome other than a plain success holds its rows in a transaction, and is not yet committed
        "after_commit",
        "after_expiry",  # nobody is given the images any more, and they still lie in the bucket
        "after_deletion_requested",  # the receipt is written, and nothing is deleted yet
        "after_objects_deleted",  # the bucket holds nothing of an expired or deleted job, and its rows do not say so
        "before_content_forgotten",  # the texts of jobs that are not kept are gone in a transaction that has not committed
        "after_file_stored",  # a file that was sent lies in the bucket, and its row is not committed
        "mid_fetch",  # the fetch of a job's pictures is claimed, and they are not fetched yet
        "after_fetch",  # a job's pictures lie in the bucket, and no row says so
        "before_sweep_commit",  # all jobs of a sweep are written, and not committed
        "after_sweep_commit",  # a sweep's jobs are queued, its sender does not know yet, and nobody is rung for
        "after_sweep_cancel_requested",  # the cancel of a sweep is committed, and none of its jobs has heard of it
        "mid_sheet",  # the end of a sweep is claimed, and its contact sheet is not drawn yet
        "after_sheet_stored",  # the contact sheet lies in the bucket, and no row says so
        "after_sweep_end",  # the end of a sweep is committed, and its webhook is not rung for
        "mid_delivery",  # the delivery is claimed, and not yet sent
        "after_delivery",  # the receiver has answered, and the answer is not recorded
    }
)

_ARM = re.compile(
    r"(?P<point>[a-z_]+)=(?P<action>kill|stop|raise|stall(?=:))(?::(?P<seconds>\d+(?:\.\d+)?))?"
    r"(?:@(?P<at>[1-9]\d*)|~(?P<chance>0?\.\d+|1(?:\.0+)?))?"
)

_log = structlog.get_logger()


class FaultInjected(Exception):
    """A fault point was armed with `raise`."""


@dataclass
class Arm:
    """What happens at a point: always, at the `at`-th time only, or with a chance."""

    point: str
    #: kill: SIGKILL; stop: SIGSTOP; raise: FaultInjected; stall: sleep on this thread alone.
    action: str
    seconds: float = 0.0
    at: int | None = None
    chance: float | None = None
    dice: random.Random = field(default_factory=random.Random)
    _times: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_point(self) -> None:
        """Count that the point is reached once more, and act if this is the time. Raises FaultInjected if that is the
        action.
        """
        with self._lock:
            self._times += 1
            is_hit = (self.at is None or self._times == self.at) and (
                self.chance is None or self.dice.random() < self.chance
            )
        if is_hit:
            _log.warning("fault_injected", fault_point=self.point, fault_action=self.action)
            self._act()

    def _act(self) -> None:
        match self.action:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "stop":
                # To this very thread, which stops the process as well: sent to the process it may stop a moment later.
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            case "stall":
                time.sleep(self.seconds)
            case _:
                raise FaultInjected(f"the fault point {self.point} is armed")


def parse_fault_points(text: str, *, seed: str = "") -> dict[str, list[Arm]]:
    """The arms that the text of a FAULT_POINTS describes, by point. Raises ValueError naming what is wrong."""
    arms: dict[str, list[Arm]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        found = _ARM.fullmatch(part)
        if found is None or (found["seconds"] is not None and found["action"] != "stall"):
            raise ValueError(f"FAULT_POINTS: {part!r} is not point=kill|stop|raise|stall:SECONDS, with @N or ~CHANCE")
        if found["point"] not in POINTS:
            raise ValueError(
                f"FAULT_POINTS: there is no point {found['point']!r}; there are {', '.join(sorted(POINTS))}"
            )
        arm = Arm(
            found["point"],
            found["action"],
            seconds=float(found["seconds"] or 0),
            at=int(found["at"]) if found["at"] else None,
            chance=float(found["chance"]) if found["chance"] else None,
            # A generator of its own: hits of this point do not change what the others do.
            dice=random.Random(f"{seed}:{part}"),  # noqa: S311  (faults, not secrets)
        )
        arms.setdefault(arm.point, []).append(arm)
    return arms


def read_fault_points(environment: Mapping[str, str]) -> dict[str, list[Arm]]:
    """The arms that an environment describes: none, in every process that is not under test."""
    return parse_fault_points(environment.get("FAULT_POINTS", ""), seed=environment.get("FAULT_SEED", ""))


@cache
def get_armed() -> dict[str, list[Arm]]:
    """The arms of this process, read from its environment at the first use."""
    return read_fault_points(os.environ)


def fault_point(point: str) -> None:
    """This process has come to a fault point: nothing happens, unless a test has armed it."""
    arms = get_armed().get(point)
    if arms is not None:
        for arm in arms:
            arm.fault_point()


def report_fault_points() -> None:
    """Log that this process is armed, if it is."""
    if armed := get_armed():
        _log.critical("fault_points_armed", fault_points=sorted(armed), seed=os.environ.get("FAULT_SEED", ""))
