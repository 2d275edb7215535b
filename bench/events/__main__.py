"""`python -m bench.events`: readers that follow jobs, and clients that wait for them, on one API process; exits with 1 above the limits."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from bench.bodies.served import start_api
from bench.events.clients import Client, following, waiting
from bench.events.others import others
from bench.events.slots import end_all, working
from bench.figures import percentile
from bench.machine import describe_machine
from bench.process_tree import ProcessTree
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import get_engine, transaction
from core.settings import get_settings
from infra.local import LocalStack

#: The limits: milliseconds at a percentile.
_LIMITS = {
    "events": {"p99": 250},
    "livez": {"p99": 50},
    "submit": {"p99": 150},
    "ends of waits": {"p50": 20, "p99": 100},
}

#: Statements of the database a second that 200 idle waits may cause.
_MOST_IDLE_STATEMENTS = 20.0

#: Jobs of which two accounts may have as many streams or waits as they like: an account has half of the slots.
_ACCOUNTS = 2

#: Seconds that waits with nothing to wait for are watched.
_IDLE_SECONDS = 10


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.events", description=__doc__)
    parser.add_argument("--streams", type=int, default=500, help="streams that are open at any time")
    parser.add_argument("--waits", type=int, default=200, help="requests that wait at any time")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each part, when everything is connected")
    parser.add_argument("--result", type=Path, help="where to write the figures, as JSON")
    options = parser.parse_args()
    with (
        LocalStack(only=("database", "redis", "storage")) as stack,
        tempfile.TemporaryDirectory() as folder,
    ):
        os.environ.update(stack.environment)
        limits = {"API_MAX_STREAMS": str(2 * options.streams), "API_MAX_WAITS": str(2 * options.waits)}
        with start_api(Path(folder) / "api.log", settings=limits) as (tree, port):
            client = Client(port, [_open_account(number) for number in range(_ACCOUNTS)])
            figures = {
                "streams": _measure_streams(client, tree, options.streams, options.seconds),
                "waits": _measure_waits(client, options.waits, options.seconds),
            }
    result = {
        "command": f"python -m bench.events --streams {options.streams} --waits {options.waits} --seconds {options.seconds:g}",
        "machine": describe_machine(["gunicorn", "redis", "flask"]),
        "figures": figures,
        "above the limits": list_exceeded(figures),
    }
    written = json.dumps(result, indent=2)
    print(written)
    if options.result:
        options.result.write_text(written + "\n", encoding="utf-8")
    raise SystemExit(bool(result["above the limits"]))


def list_exceeded(figures: dict[str, Any]) -> list[str]:
    """A line for each figure that is above its limit."""
    latencies = figures["streams"]["latency_ms"] | figures["waits"]["latency_ms"]
    exceeded = [
        f"{name}: {which} is {latencies[name][which]:.1f} ms, and may be {most}"
        for name, limits in _LIMITS.items()
        for which, most in limits.items()
        if latencies[name][which] > most
    ]
    statements = figures["waits"]["transactions_a_second_while_idle"]
    if statements > _MOST_IDLE_STATEMENTS:
        exceeded.append(
            f"idle waits cause {statements:.1f} transactions a second, and may cause {_MOST_IDLE_STATEMENTS}"
        )
    return exceeded


def _measure_streams(client: Client, tree: ProcessTree, streams: int, seconds: float) -> dict[str, Any]:
    before = _resident_mb(tree)
    with following(client, streams) as followed:
        open_mb = _resident_mb(tree)
        with others(client) as noticed, working():
            cpu = tree.cpu_seconds()
            began = time.monotonic()
            time.sleep(seconds)
            cpu_share = (tree.cpu_seconds() - cpu) / (time.monotonic() - began)
            after_mb = _resident_mb(tree)
        arrived = followed.take()
    return {
        "streams": streams,
        "events": len(arrived),
        "latency_ms": {
            "events": _describe([latency for _, latency in arrived]),
            **{name: _describe(values) for name, values in noticed.items()},
        },
        "events_by_type_ms": {
            type_: _describe([latency for each, latency in arrived if each == type_])
            for type_ in sorted({each for each, _ in arrived})
        },
        "cpu_of_the_api": round(cpu_share, 2),
        "resident_mb": {"before": before, "with_streams": open_mb, "at_the_end": after_mb},
    }


def _measure_waits(client: Client, waits: int, seconds: float) -> dict[str, Any]:
    end_all()
    with waiting(client, waits) as waited:
        # PostgreSQL counts what a session has done up to ten seconds later.
        time.sleep(_IDLE_SECONDS + 2)
        idle = _count_transactions()
        time.sleep(_IDLE_SECONDS)
        idle_rate = (_count_transactions() - idle) / _IDLE_SECONDS
        with working():
            time.sleep(seconds)
        latencies = [latency for _, latency in waited.take()]
    return {
        "waits": waits,
        "ended": len(latencies),
        "latency_ms": {"ends of waits": _describe(latencies)},
        "transactions_a_second_while_idle": idle_rate,
    }


def _describe(milliseconds: list[float]) -> dict[str, float]:
    return {f"p{percent}": round(percentile(milliseconds, percent), 2) for percent in (50, 90, 99, 100)}


def _resident_mb(tree: ProcessTree) -> float:
    [api] = psutil.Process(tree.process.pid).children()
    return round(float(api.memory_info().rss) / 1e6, 1)


def _count_transactions() -> int:
    with get_engine().connect() as connection:
        row = connection.exec_driver_sql(
            "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
        )
        return int(row.scalar_one())


def _open_account(number: int) -> str:
    with transaction() as session:
        account_id = create_account(session, name=f"bench-{number}").id
        return issue_api_key(session, account_id=account_id, pepper=get_settings().api_key_pepper.get_secret_value())


if __name__ == "__main__":
    main()
