"""Submits a second of the API as it is deployed, beside the floor and a service that is written in an afternoon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.process_tree import ProcessTree
from bench.queue.bench import Bench, in_turns, wait_until
from bench.queue.http_load import build_request, run_load
from bench.queue.peers import floor, naive
from bench.queue.tables import empty_tables
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import get_engine, transaction
from core.doorbell import render_queue
from core.settings import get_settings
from infra.local.ports import is_listening

_PATH = "/v1/jobs"
_BODY = json.dumps({"prompt": "a red mug on a wooden table", "num_inference_steps": 12, "seed": 7}).encode()
_SECONDS_TO_START = 60
_WARM_UP_SECONDS = 0.5
#: Between rounds, so that the last work of one server is not measured with another.
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class _Service:
    name: str
    load: str
    port: int
    tree: ProcessTree
    #: Empties its tables and returns the requests of the clients.
    prepare: Callable[[], Sequence[bytes]]


def measure_submits(bench: Bench) -> None:
    """Cells `submit` (a second), `submit latency` (ms) and `submit cpu` (ms of each: the service's and the database's)."""
    with ExitStack() as running:
        services = running.enter_context(_services(bench))
        for service in services:
            run_load(service.port, service.prepare(), seconds=_WARM_UP_SECONDS)
        for number in range(bench.plan.rounds):
            bench.say(f"submits, round {number + 1} of {bench.plan.rounds}")
            for service in in_turns(services, f"submit {number}"):
                _measure(bench, service)
        bench.connect_redis().delete(render_queue(get_settings().render_pool), floor.QUEUE, "celery")


def _measure(bench: Bench, service: _Service) -> None:
    requests = service.prepare()
    time.sleep(_PAUSE_SECONDS)
    own, database = service.tree.cpu_seconds(), bench.server_cpu_seconds("database")
    load = run_load(service.port, requests, seconds=bench.plan.submit_seconds)
    own, database = service.tree.cpu_seconds() - own, bench.server_cpu_seconds("database") - database
    add = bench.results.add
    add("submit", service.name, service.load, [load.per_second])
    add("submit latency", service.name, service.load, [latency * 1000 for latency in load.latencies])
    add("submit cpu", service.name, f"{service.load}, service", [own * 1000 / load.answered])
    add("submit cpu", service.name, f"{service.load}, database", [database * 1000 / load.answered])


@contextmanager
def _services(bench: Bench) -> Iterator[list[_Service]]:
    clients = bench.plan.clients
    many, one = f"{clients} accounts", "1 account"
    with get_engine().begin() as connection:
        connection.execute(text(floor.TABLE))
        naive.Base.metadata.create_all(connection)
    with ExitStack() as running:

        def serve(name: str, *options: str, **environment: str) -> tuple[int, ProcessTree]:
            port = bench.ports.reserve()
            options = (*options, "--no-control-socket", "--bind", f"127.0.0.1:{port}")
            tree = running.enter_context(bench.process(name, *("-m", "gunicorn", *options), **environment))
            wait_until(lambda: is_listening(port), seconds=_SECONDS_TO_START, what=f"the start of {name}")
            return port, tree

        ours = serve("api", "--config", "api/gunicorn_config.py", "api.app:create_app()")
        # The same server and threads for all, so that only the service differs.
        same = ("--worker-class", "gthread", "--threads", str(get_settings().api_threads), "--keep-alive", "5")
        direct = {"DATABASE_URL": bench.stack.environment["DATABASE_URL"]}
        bare = serve("floor", *same, "bench.queue.peers.floor:application", **direct)
        afternoon = serve("naive", *same, "bench.queue.peers.naive:app", **direct)
        yield [
            _Service("ours", many, *ours, lambda: _open_accounts(clients, clients)),
            _Service("ours", one, *ours, lambda: _open_accounts(1, clients)),
            _Service("floor", many, *bare, lambda: _prepare_floor(clients)),
            _Service("naive", many, *afternoon, lambda: _prepare_naive(clients)),
        ]


def _open_accounts(accounts: int, clients: int) -> list[bytes]:
    empty_tables(get_engine())
    pepper = get_settings().api_key_pepper.get_secret_value()
    with transaction() as session:
        ids = [create_account(session, name="bench").id for _ in range(accounts)]
        keys = [issue_api_key(session, account_id=id_, pepper=pepper) for id_ in ids]
    _analyse()
    return [build_request(_PATH, _BODY, api_key=keys[client % accounts]) for client in range(clients)]


def _prepare_floor(clients: int) -> list[bytes]:
    with get_engine().begin() as connection:
        connection.execute(text("truncate floor_jobs"))
    return [build_request(_PATH, _BODY, api_key="none")] * clients


def _prepare_naive(clients: int) -> list[bytes]:
    keys = [f"key-{number}" for number in range(clients)]
    with Session(get_engine()) as session, session.begin():
        session.execute(text("truncate naive_accounts, naive_jobs"))
        session.add_all(naive.Account(id=number, api_key=key) for number, key in enumerate(keys, start=1))
    return [build_request(_PATH, _BODY, api_key=key) for key in keys]


def _analyse() -> None:
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))
