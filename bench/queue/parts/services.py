"""The API as it is deployed, the floor, and a service that is written in an afternoon, each as processes on this stack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.process_tree import ProcessTree
from bench.queue.bench import Bench, wait_until
from bench.queue.http_load import Load, run_load
from bench.queue.peers import floor, naive
from bench.queue.tables import empty_tables
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import get_engine, transaction
from core.settings import get_settings
from infra.local.ports import is_listening

_SECONDS_TO_START = 60
#: Between rounds, so that the last work of one server is not measured with another.
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Service:
    """One of them, which listens."""

    name: str
    port: int
    tree: ProcessTree


@dataclass(frozen=True)
class Work:
    """What clients ask a service for."""

    service: Service
    #: Names the load in the results.
    load: str
    #: Makes the tables ready, and returns the requests of the clients.
    prepare: Callable[[], Sequence[bytes]]
    #: The status of every answer.
    expected: int = 202


@contextmanager
def run_services(bench: Bench) -> Iterator[tuple[Service, Service, Service]]:
    """Yields ours, the floor and the naive service: the same server and threads for all, so that only the service differs."""
    with get_engine().begin() as connection:
        connection.execute(text(floor.TABLE))
        naive.Base.metadata.create_all(connection)
    with ExitStack() as running:

        def serve(name: str, *options: str, **environment: str) -> Service:
            port = bench.ports.reserve()
            options = (*options, "--no-control-socket", "--bind", f"127.0.0.1:{port}")
            tree = running.enter_context(bench.process(name, *("-m", "gunicorn", *options), **environment))
            wait_until(lambda: is_listening(port), seconds=_SECONDS_TO_START, what=f"the start of {name}")
            return Service(name, port, tree)

        same = ("--worker-class", "gthread", "--threads", str(get_settings().api_threads), "--keep-alive", "5")
        direct = {"DATABASE_URL": bench.stack.environment["DATABASE_URL"]}
        yield (
            serve("ours", "--config", "api/gunicorn_config.py", "api.app:create_app()"),
            serve("floor", *same, "bench.queue.peers.floor:application", **direct),
            serve("naive", *same, "bench.queue.peers.naive:app", **direct),
        )


def measure_load(bench: Bench, measure: str, work: Work, *, seconds: float) -> Load:
    """Adds the cells `MEASURE` (a second), `MEASURE latency` (ms) and `MEASURE cpu` (ms of each: the service's and the
    database's).
    """
    requests = work.prepare()
    time.sleep(_PAUSE_SECONDS)
    tree = work.service.tree
    own, database = tree.cpu_seconds(), bench.server_cpu_seconds("database")
    load = run_load(work.service.port, requests, seconds=seconds, expected=work.expected)
    own, database = tree.cpu_seconds() - own, bench.server_cpu_seconds("database") - database
    add, name = bench.results.add, work.service.name
    add(measure, name, work.load, [load.per_second])
    add(f"{measure} latency", name, work.load, [latency * 1000 for latency in load.latencies])
    add(f"{measure} cpu", name, f"{work.load}, service", [own * 1000 / load.answered])
    add(f"{measure} cpu", name, f"{work.load}, database", [database * 1000 / load.answered])
    return load


def open_accounts(count: int) -> list[tuple[UUID, str]]:
    """Empties our tables and opens accounts: the id and the API key of each."""
    empty_tables(get_engine())
    pepper = get_settings().api_key_pepper.get_secret_value()
    with transaction() as session:
        ids = [create_account(session, name="bench").id for _ in range(count)]
        accounts = [(id_, issue_api_key(session, account_id=id_, pepper=pepper)) for id_ in ids]
    analyse()
    return accounts


def empty_floor() -> None:
    """Empties the floor's table."""
    with get_engine().begin() as connection:
        connection.execute(text("truncate floor_jobs"))


def open_naive_accounts(count: int) -> list[str]:
    """Empties the naive service's tables and opens accounts; returns their keys."""
    keys = [f"key-{number}" for number in range(count)]
    with Session(get_engine()) as session, session.begin():
        session.execute(text("truncate naive_accounts, naive_jobs, naive_images"))
        session.add_all(naive.Account(id=number, api_key=key) for number, key in enumerate(keys, start=1))
    return keys


def analyse() -> None:
    """Lets PostgreSQL know how large the tables are."""
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))
