"""`python -m tests.soak --jobs 10000 --seed 1`: soak the service, print what happened, and fail if a rule is broken."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from tests.soak.kinds import ALWAYS, LANES
from tests.soak.plan import build_plan
from tests.soak.report import describe
from tests.soak.result import read_result
from tests.soak.run import soaking

_RESULTS = Path(__file__).parent / "results"

_LEAST_FAULTS = 30

_LEASE_SECONDS = 5

#: The delivery that a dead sender held is taken up after 17 s.
_WEBHOOK_SECONDS = 20


def main() -> None:
    """Exits with 1 if a rule is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="the same one is the same plan (the clock's)"
    )
    parser.add_argument("--faults", type=int, help="of the plan, besides those at fault points (33 for 1,000 jobs)")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument(
        "--pooler", choices=("session", "transaction"), help="of a PgBouncer before the database (none)"
    )
    parser.add_argument("--results", type=Path, default=_RESULTS, metavar="DIR")
    options = parser.parse_args()

    faults = options.faults or max(_LEAST_FAULTS, options.jobs * 33 // 1000)
    print(
        f"seed {options.seed}: {options.jobs:,} jobs, {faults} faults planned, pooler: {options.pooler or 'none'}",
        flush=True,
    )
    plan = build_plan(options.seed, jobs=options.jobs, faults=faults, lanes=LANES, always=ALWAYS)
    started = time.monotonic()
    with soaking(
        plan,
        workers=options.workers,
        lease_seconds=_LEASE_SECONDS,
        webhook_seconds=_WEBHOOK_SECONDS,
        pooler=options.pooler,
        tell=partial(print, flush=True),
    ) as soak:
        result = read_result(soak, seconds=time.monotonic() - started)
    result.write(options.results)
    print("\n".join(describe(result)))
    sys.exit(1 if result.broken_rules else 0)


if __name__ == "__main__":
    main()
