"""What every part of the run uses: real servers, processes that end with this one, and a random order for each round."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil
import redis

from bench.process_tree import ProcessTree
from bench.queue.plan import Plan
from bench.queue.results import Results
from infra.local import LocalStack
from infra.local.command import bind_to_parent
from infra.local.environment import inherit
from infra.local.ports import Ports

_POLL_SECONDS = 0.01

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Bench:
    """One run on one stack of servers."""

    plan: Plan
    stack: LocalStack
    #: For Darkroom; its peers stand at the stack's own.
    database_url: str
    results: Results
    logs: Path
    say: Callable[[str], None]
    ports: Ports = field(default_factory=Ports)

    @contextmanager
    def process(self, name: str, *arguments: str, **environment: str) -> Iterator[ProcessTree]:
        """A Python program on this stack, stopped when the block ends. It reaches the database as Darkroom does."""
        tree = ProcessTree(
            [*bind_to_parent(signal.SIGKILL), sys.executable, *arguments],
            environment=inherit(self.stack.environment | {"DATABASE_URL": self.database_url} | environment),
            log=self.logs / f"{name}.log",
            speaks=False,
        )
        try:
            yield tree
        finally:
            tree.stop()

    def connect_redis(self, database: int = 0) -> redis.Redis:
        """A client of the broker's server."""
        return redis.Redis.from_url(self.redis_url(database))

    def redis_url(self, database: int = 0) -> str:
        """The address of one of the server's databases; 0 is the broker."""
        return self.stack.environment["REDIS_URL"].rpartition("/")[0] + f"/{database}"

    def server_cpu_seconds(self, part: str) -> float:
        """CPU seconds of a server (`database` or `redis`) and its children."""
        root = psutil.Process(self.stack.part(part).pid)
        seconds = 0.0
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                # The time of children that have ended is in their parent's figures.
                seconds += times.user + times.system + (times.children_user + times.children_system)
        return seconds


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until the condition is true. Raises RuntimeError with `what` if it is not within these seconds."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"within {seconds:.0f} s {what} did not happen")
        time.sleep(_POLL_SECONDS)


def in_turns(items: Sequence[_Item], seed: str) -> list[_Item]:
    """The items in a random order that depends on the seed alone."""
    return random.Random(seed).sample(items, len(items))
