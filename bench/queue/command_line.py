"""The options of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.options import list_of
from bench.queue.plan import PARTS, PARTS_THROUGH_POOLER, Plan

_RESULTS = Path(__file__).parent / "results"


def read_plan(arguments: Sequence[str] | None = None) -> Plan:
    """The plan that the command line asks for. Exits with a message if it makes no sense."""
    parser = _build_parser()
    options = parser.parse_args(arguments)
    if options.pooler is not None and not set(options.parts or ()) <= set(PARTS_THROUGH_POOLER):
        parser.error(f"--pooler works with the parts {', '.join(PARTS_THROUGH_POOLER)}: others copy databases")
    quick = options.quick
    return Plan(
        parts=options.parts or (PARTS if options.pooler is None else PARTS_THROUGH_POOLER),
        rounds=options.rounds or (2 if quick else 5),
        worker_threads=options.worker_threads,
        noop_jobs=options.noop_jobs or (200 if quick else 600),
        handoffs=options.handoffs or (20 if quick else 100),
        queue_sizes=options.sizes or ((1_000, 10_000) if quick else (1_000, 10_000, 100_000, 1_000_000)),
        account_counts=options.accounts or ((1, 100) if quick else (1, 100, 10_000)),
        claims=options.claims or (20 if quick else 60),
        clients=options.clients,
        submit_seconds=options.submit_seconds or (1.0 if quick else 3.0),
        light_jobs=options.light_jobs or (8 if quick else 16),
        simulated_workers=options.simulated_workers,
        work_seconds=options.work_seconds,
        fair_rounds=options.fair_rounds or (1 if quick else 3),
        pooler=options.pooler,
        remark=options.remark,
        results=options.results,
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.queue", description="Measure the queue.")
    parser.add_argument(
        "--quick", action="store_true", help="two minutes instead of a quarter of an hour: to see it work"
    )
    parser.add_argument("--parts", type=list_of(_part), metavar="A,B", help=f"of {', '.join(PARTS)} (all)")
    parser.add_argument("--rounds", type=_positive, metavar="N", help="5; with --quick 2")
    parser.add_argument("--worker-threads", type=_positive, default=8, metavar="N", help="of a worker process (8)")
    parser.add_argument("--noop-jobs", type=_positive, metavar="N", help="of a round (600)")
    parser.add_argument("--handoffs", type=_positive, metavar="N", help="of a round (100)")
    parser.add_argument("--sizes", type=list_of(_positive), metavar="N,M", help="queued rows (1000 to 1000000)")
    parser.add_argument("--accounts", type=list_of(_positive), metavar="N,M", help="that they belong to (1,100,10000)")
    parser.add_argument("--claims", type=_positive, metavar="N", help="of a round (60)")
    parser.add_argument("--clients", type=_positive, default=16, metavar="N", help="that submit at once (16)")
    parser.add_argument("--submit-seconds", type=float, metavar="S", help="of a round (3)")
    parser.add_argument("--light-jobs", type=_positive, metavar="N", help="of the light account in a round (16)")
    parser.add_argument("--simulated-workers", type=_positive, default=4, metavar="N", help="(4)")
    parser.add_argument("--work-seconds", type=float, default=0.15, metavar="S", help="of a simulated job (0.15)")
    parser.add_argument("--fair-rounds", type=_positive, metavar="N", help="3; with --quick 1")
    parser.add_argument(
        "--pooler",
        choices=("session", "transaction"),
        help="PgBouncer between Darkroom and PostgreSQL, in this mode (none)",
    )
    parser.add_argument("--remark", default="", metavar="TEXT", help="what else ran on the machine, for the report")
    parser.add_argument("--results", type=Path, default=_RESULTS, metavar="DIR")
    return parser


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {name!r}")
    return name


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
