"""A whole service whose processes reach their servers through proxies, with leases short enough to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from infra.local import LocalStack
from infra.local.part import Part
from infra.pooler import run_pgbouncer
from tests.acceptance.customer import SMALL
from tests.faults.checker import Checker, checking
from tests.faults.proxy import Proxy
from tests.warm.start_warm import warm_starts

LEASE_SECONDS = 5
SWEEP_SECONDS = 1

SETTINGS = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "HEARTBEAT_SECONDS": "1",
    "SWEEP_SECONDS": str(SWEEP_SECONDS),
    "DRAIN_SECONDS": "2",
    "WEBHOOK_TIMEOUT_SECONDS": "2",
    "FETCH_ALLOW_HTTP": "true",
    "FETCH_ALLOWED_NETWORKS": "127.0.0.0/8",
}

#: Several steps, and rendered in a blink all the same.
SHORT: dict[str, Any] = SMALL | {"num_inference_steps": 3}

#: A few seconds of rendering: long enough for something to happen meanwhile.
LONG: dict[str, Any] = {"width": 128, "height": 128, "num_inference_steps": 100}

#: Rendered for longer than anybody waits.
ENDLESS: dict[str, Any] = {"num_inference_steps": 100, "num_images": 4}

#: On PYTHONPATH, this folder adds further faults to a process than its fault points.
TAMPERED = str(Path(__file__).with_name("tampered"))

#: Of PgBouncer: as docs/deployment.md recommends.
POOLER_SETTINGS = {"query_wait_timeout": 5, "server_login_retry": 1, "max_client_conn": 1000}

_LINKS = {"DATABASE_URL": "database", "REDIS_URL": "redis", "S3_ENDPOINT_URL": "storage"}


@dataclass
class Service:
    """The stack, the proxies before its servers, and what leads past them."""

    stack: LocalStack
    #: By the server. "primary" is the last one before PostgreSQL: that of the database, or one behind its pooler.
    links: dict[str, Proxy]
    #: Settings of a process that is not to feel what is done to the links.
    direct: dict[str, str]
    checker: Checker = field(init=False)

    @property
    def worker(self) -> Part:
        """The worker that is there from the start."""
        return self.stack.part("worker-1")

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.direct["DATABASE_URL"].replace("+psycopg", "")) as connection:
            cursor = connection.execute(statement.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def redis(self) -> redis.Redis:
        """A client of Redis itself. Close it."""
        return redis.Redis.from_url(self.direct["REDIS_URL"])

    def attempts(self, job: Mapping[str, Any]) -> list[str]:
        """What became of the job's attempts, in order."""
        statement = "select status from job_attempts where job_id = %s order by attempt_number"
        return [status for (status,) in self.query(statement, uuid_of(job))]

    @contextmanager
    def armed(self, name: str, fault_points: str) -> Iterator[Part]:
        """The API, the dispatcher or beat, started again with these fault points; at the end again without."""
        part = self.stack.part(name)
        part.stop()
        self.stack.environment["FAULT_POINTS"] = fault_points
        try:
            part.start()
            part.wait_until_ready()
            yield part
        finally:
            del self.stack.environment["FAULT_POINTS"]
            part.restart()


@contextmanager
def serving(
    *, workers: int = 1, settings: Mapping[str, str] | None = None, pooler: str | None = None
) -> Iterator[Service]:
    """A service with proxies that pass everything, and a checker of it. `pooler`: the mode of a PgBouncer behind the proxy of
    the database.
    """
    with ExitStack() as stack:
        links: dict[str, Proxy] = {}
        direct: dict[str, str] = {}

        def reroute(found: Mapping[str, str]) -> dict[str, str]:
            extra = {**SETTINGS, **(settings or {})}
            direct.update(found, **extra)
            behind = dict(found)
            if pooler is not None:
                behind["DATABASE_URL"], links["primary"] = _lead_through(stack, found["DATABASE_URL"])
                pgbouncer = run_pgbouncer(behind["DATABASE_URL"], pool_mode=pooler, **POOLER_SETTINGS)
                behind["DATABASE_URL"] = stack.enter_context(pgbouncer)
            for name, link in _LINKS.items():
                extra[name], links[link] = _lead_through(stack, behind[name])
            links.setdefault("primary", links["database"])
            return extra

        local = stack.enter_context(
            LocalStack(workers=workers, environment=reroute, start_process=warm_starts(settings or {}))
        )
        service = Service(local, links, direct)
        service.checker = stack.enter_context(checking(direct))
        yield service


def _lead_through(stack: ExitStack, url: str) -> tuple[str, Proxy]:
    """The same address behind a proxy, and the proxy."""
    port = urlsplit(url).port
    assert port is not None
    proxy = stack.enter_context(Proxy(port))
    return url.replace(f":{port}", f":{proxy.port}"), proxy


def wait_until(reached: Callable[[], bool], what: str, seconds: float = 30) -> float:
    """Return the seconds that it took; fail the test if it is not reached within some."""
    started = time.monotonic()
    while not reached():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - started


def is_frozen(part: Part) -> bool:
    """Whether the process has been stopped by a signal and not continued."""
    return Path(f"/proc/{part.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def uuid_of(job: Mapping[str, Any]) -> str:
    """The job's id as the tables have it."""
    return str(job["id"]).removeprefix("job_")
