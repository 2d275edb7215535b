"""`python -m bench.attacks`: 64 clients of one account attack the API as it is deployed; exits with 1 if others notice."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from bench.attacks.bodies import ATTACKS
from bench.attacks.bystanders import Noticed, bystanders
from bench.figures import percentile
from bench.machine import describe_machine
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import transaction
from core.settings import get_settings
from infra.local import LocalStack
from infra.local.application import REPOSITORY

#: What others may notice at most: the 99th percentile of their latencies, in ms.
_MOST_P99_MS = {"plain": 300, "picture": 1000, "livez": 100}

#: MB that the API may have more after the attack than before it.
_MOST_GROWTH_MB = 50

#: Of the attacker and of the renderer: elsewhere they have machines of their own.
_NICENESS = 10

#: Seconds after the attack in which memory is given back.
_PAUSE_SECONDS = 5


def main() -> None:
    """Print the figures of each attack, and whether what others noticed is within the limits."""
    parser = argparse.ArgumentParser(prog="python -m bench.attacks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--attacks", nargs="*", choices=list(ATTACKS), default=list(ATTACKS))
    parser.add_argument("--result", type=Path, help="where to write the figures, as JSON")
    options = parser.parse_args()
    with LocalStack() as stack:
        os.environ.update(stack.environment)
        _renice(_main_process(stack, "worker-1"))
        figures = {name: _attack(stack, name, seconds=options.seconds) for name in options.attacks}
    result = {
        "command": f"python -m bench.attacks --seconds {options.seconds:g}",
        "machine": describe_machine(["pillow", "gunicorn"]),
        "attacks": figures,
    }
    written = json.dumps(result, indent=2)
    print(written)
    if options.result:
        options.result.write_text(written + "\n")
    sys.exit(1 if any(each["beyond the limits"] for each in figures.values()) else 0)


def _attack(stack: LocalStack, name: str, *, seconds: float) -> dict[str, Any]:
    port = int(stack.url.rpartition(":")[2])
    attacker_key, plain_key, picture_key = _open_accounts(3)
    api, worker = _main_process(stack, "api"), _main_process(stack, "worker-1")
    before = api.memory_info().rss
    with bystanders(port, plain_key=plain_key, picture_key=picture_key) as noticed:
        answers = subprocess.run(
            [sys.executable, "-m", "bench.attacks.attacker", name, str(port), str(seconds)],
            cwd=REPOSITORY,
            env={**os.environ, "ATTACKER_API_KEY": attacker_key},
            preexec_fn=_make_nice,
            start_new_session=True,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    time.sleep(_PAUSE_SECONDS)
    growth = (api.memory_info().rss - before) / 1e6 if api.is_running() else float("inf")
    p99 = {kind: round(percentile(values, 99) * 1000) for kind, values in noticed.latencies.items()}
    figures = {
        "answers to the attacker": json.loads(answers),
        "p50 of others, ms": {kind: round(percentile(each, 50) * 1000) for kind, each in noticed.latencies.items()},
        "p99 of others, ms": p99,
        "requests of others": {kind: len(each) for kind, each in noticed.latencies.items()},
        "failures of others": sorted(set(noticed.failures)),
        "growth of the API, MB": round(growth),
        "attempts of others that did not succeed at once": _count_repeated(noticed),
    }
    broken = [kind for kind, most in _MOST_P99_MS.items() if p99.get(kind, most) >= most]
    broken += ["memory"] * (growth > _MOST_GROWTH_MB) + ["failures"] * bool(noticed.failures)
    broken += ["attempts"] * (figures["attempts of others that did not succeed at once"] > 0)
    broken += ["a process ended"] * (not (api.is_running() and worker.is_running()))
    return {**figures, "beyond the limits": broken}


def _open_accounts(count: int) -> list[str]:
    pepper = get_settings().api_key_pepper.get_secret_value()
    with transaction() as session:
        return [
            issue_api_key(session, account_id=create_account(session, name="bench").id, pepper=pepper)
            for _ in range(count)
        ]


def _main_process(stack: LocalStack, part: str) -> psutil.Process:
    """The process that does the work: gunicorn's answers come from its one child, not from its master."""
    process = psutil.Process(stack.part(part).pid)
    if part == "api":
        return next(each for each in process.children() if "gunicorn" in " ".join(each.cmdline()))
    return process


def _renice(process: psutil.Process) -> None:
    for thread in process.threads():
        # Threads come and go.
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, thread.id, _NICENESS)
    _renice_session(str(process.pid))


def _make_nice() -> None:
    os.nice(_NICENESS)
    _renice_session("self")


def _renice_session(process: str) -> None:
    """Linux may share the time out among sessions; then a process is nice only to the others of its own."""
    with suppress(FileNotFoundError):
        Path("/proc", process, "autogroup").write_text(str(_NICENESS), encoding="ascii")


def _count_repeated(noticed: Noticed) -> int:
    ids = [job_id.removeprefix("job_") for job_id in noticed.job_ids]
    query = text("select count(*) from job_attempts where job_id = any(cast(:ids as uuid[])) and attempt_number > 1")
    with transaction() as session:
        return int(session.execute(query, {"ids": ids}).scalar_one())


if __name__ == "__main__":
    main()
