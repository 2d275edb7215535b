"""Prune finished jobs while others are submitted and claimed: rows a second, and the effect on submits and claims."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from bench.queue.tables import submit_one
from bench.retention.load import submitting_and_claiming
from bench.retention.tables import fill_finished
from core.accounts.create_account import create_account
from core.database import get_engine, transaction
from infra.local import LocalStack
from infra.local.application import REPOSITORY

_QUEUED = 500


def main() -> None:
    """Measure, and write result.json."""
    parser = argparse.ArgumentParser(prog="python -m bench.retention", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="finished jobs to prune")
    parser.add_argument("--alone-seconds", type=float, default=30.0, help="submits and claims without pruning")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("result.json"))
    arguments = parser.parse_args()
    with LocalStack(only=("database", "redis", "storage")) as stack:
        os.environ.update(stack.environment)
        result = _measure(rows=arguments.rows, alone_seconds=arguments.alone_seconds)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def _measure(*, rows: int, alone_seconds: float) -> dict[str, object]:
    with transaction() as session:
        account_id = create_account(session, name="bench").id
    for _ in range(_QUEUED):
        with transaction() as session:
            submit_one(session, account_id)
    begin = time.monotonic()
    fill_finished(get_engine(), rows=rows)
    print(f"{rows} finished jobs are there ({time.monotonic() - begin:.0f} s)", flush=True)

    with submitting_and_claiming(get_engine(), account_id) as alone:
        time.sleep(alone_seconds)
    with submitting_and_claiming(get_engine(), account_id) as beside:
        done = subprocess.run(
            [sys.executable, "-m", "bench.retention.pruner"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    pruned = json.loads(done.stdout.splitlines()[-1])
    with get_engine().connect() as connection:
        left = connection.execute(text("select count(*) from jobs where finished_at is not null")).scalar_one()
    return {
        "jobs": rows,
        "left": left,
        "seconds": pruned["seconds"],
        "jobs_per_second": rows / pruned["seconds"],
        "longest_batch_ms": pruned["longest_batch"] * 1000,
        "alone": alone.describe(),
        "while_pruning": beside.describe(),
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
