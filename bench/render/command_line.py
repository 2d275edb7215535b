"""The options of a run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.options import list_of
from bench.render.jobs import TASKS
from bench.render.plan import Plan
from bench.render.serve.setting import Setting
from bench.render.systems import SYSTEMS, System, get_system

_REPOSITORY = Path(__file__).parents[2]
_QUICK_SYSTEMS = ("loop", "static", "engine", "litserve-grouped", "bentoml-grouped")


def read_plan(arguments: Sequence[str] | None = None) -> Plan:
    """The plan that the command line asks for. Exits with a message if it makes no sense."""
    options = _build_parser().parse_args(arguments)
    quick = options.quick
    return Plan(
        systems=options.systems or (tuple(get_system(name) for name in _QUICK_SYSTEMS) if quick else SYSTEMS),
        loads=options.loads or (("mixed",) if quick else ("uniform", "mixed")),
        concurrencies=options.concurrencies or ((1, 8) if quick else (1, 2, 4, 8, 16)),
        rates=options.rates if options.rates is not None else ((1.0,) if quick else (0.7, 1.0, 1.3)),
        rounds=options.rounds or (2 if quick else 5),
        open_loop_jobs=options.open_loop_jobs or (18 if quick else 24),
        openmp=options.openmp or ("libgomp" if quick else None),
        tasks=options.tasks or TASKS,
        size=options.size,
        setting=Setting(
            model=options.model, device=options.device, threads=options.threads, max_batch=options.max_batch
        ),
        results=options.results,
    )


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.render", description="Compare ways to serve a pipeline.")
    parser.add_argument("--quick", action="store_true", help="minutes instead of a good half hour: to see it work")
    parser.add_argument(
        "--systems",
        type=list_of(_system),
        metavar="A,B",
        help=f"of {', '.join(system.name for system in SYSTEMS)} (all)",
    )
    parser.add_argument("--loads", type=list_of(str), metavar="A,B", help="of uniform, mixed (both)")
    parser.add_argument("--tasks", type=list_of(str), metavar="A,B", help="of the mixed load: text, image (both)")
    parser.add_argument("--concurrencies", type=list_of(int), metavar="N,M", help="clients of the closed loop")
    parser.add_argument(
        "--rates", type=list_of(float), metavar="X,Y", help="shares of the capacity; '' for no open loop"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="5; with --quick 2")
    parser.add_argument("--open-loop-jobs", type=int, metavar="N", help="in each round of the open loop")
    parser.add_argument("--openmp", choices=["libgomp", "libiomp5"], help="for all, instead of each one's better one")
    parser.add_argument("--model", type=Path, default=_REPOSITORY / "demo_model/weights", metavar="DIR")
    parser.add_argument("--size", type=int, default=128, metavar="PIXELS", help="side of the images (128)")
    parser.add_argument("--device", default="cpu", help="a torch device (cpu)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="torch's threads, of every system (2)")
    parser.add_argument("--max-batch", type=int, default=16, metavar="N", help="jobs of a static batch at most (16)")
    parser.add_argument("--results", type=Path, default=_REPOSITORY / "bench/render/results", metavar="DIR")
    return parser


def _system(name: str) -> System:
    try:
        return get_system(name)
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"there is no system {name!r}") from error
