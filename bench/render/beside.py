"""`python -m bench.render.beside OTHER`: this checkout's engine beside another one's, and beside the pipeline alone, in turns.

OTHER is a checkout of, say, the commit before a change; its code runs in this checkout's environment. The three are up at the
same time, and measured one after the other in every round: a machine that slows down slows down all of them.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from bench.figures import paired_ratio, spread
from bench.options import list_of
from bench.render.jobs import make_jobs
from bench.render.running import Measurement, RunningSystem
from bench.render.serve.setting import Setting
from bench.render.systems import get_system
from bench.render.traffic import Traffic

_HERE = Path(__file__).parents[2]

#: Seed of the warm-up's jobs; those of the rounds count from 0.
_WARM_UP = -1


def main() -> None:
    """Print a line for each comparison: images a second of the one divided by those of the other, round by round."""
    options = _build_parser().parse_args()
    cells = list(product(options.loads, options.clients))
    figures: dict[tuple[str, int, str], list[Measurement]] = {}
    with tempfile.TemporaryDirectory(prefix="darkroom-beside-") as logs, ExitStack() as running:
        systems = _start(options, Path(logs), running)
        for number in range(_WARM_UP, options.rounds):
            for load, clients in cells:
                jobs = make_jobs(load, options.jobs, seed=number * 1000 + clients, size=options.size)
                for name in random.Random(f"{load} {clients} {number}").sample(list(systems), len(systems)):
                    measured = systems[name].measure(Traffic(jobs, concurrency=clients))
                    if number != _WARM_UP:
                        figures.setdefault((load, clients, name), []).append(measured)
    for load, clients in cells:
        for one, other in (("here", "pipeline"), ("there", "pipeline"), ("here", "there")):
            compared = _compare(figures[load, clients, one], figures[load, clients, other])
            print(f"{load}, {clients} clients, {one} / {other}: {compared}")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.render.beside", description="Compare two checkouts.")
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--loads", type=list_of(str), default=["uniform", "mixed"], metavar="A,B")
    parser.add_argument("--clients", type=list_of(int), default=[1, 8], metavar="N,M")
    parser.add_argument("--jobs", type=int, default=18, metavar="N", help="of each measurement (18)")
    parser.add_argument("--openmp", choices=["libgomp", "libiomp5"], default="libgomp", help="for all three")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="torch's threads (2)")
    parser.add_argument("--model", type=Path, default=_HERE / "demo_model/weights", metavar="DIR")
    parser.add_argument("--size", type=int, default=128, metavar="PIXELS", help="side of the images (128)")
    return parser


def _start(options: argparse.Namespace, logs: Path, running: ExitStack) -> dict[str, RunningSystem]:
    setting = Setting(model=options.model.resolve(), device="cpu", threads=options.threads, max_batch=1)
    systems = {}
    for name, system, checkout in (
        ("pipeline", "loop", _HERE),
        ("here", "engine", _HERE),
        ("there", "engine", options.other.resolve()),
    ):
        (logs / name).mkdir()
        one = RunningSystem(
            get_system(system), setting=setting, openmp=options.openmp, logs=logs / name, checkout=checkout
        )
        running.callback(one.stop)
        one.wait_until_ready()
        one.pause()
        systems[name] = one
    return systems


def _compare(ones: list[Measurement], others: list[Measurement]) -> str:
    speed = paired_ratio([one.images_per_second for one in ones], [one.images_per_second for one in others])
    cpu = paired_ratio([one.cpu_seconds for one in ones], [one.cpu_seconds for one in others])
    speeds = [spread([one.images_per_second for one in side]).median for side in (ones, others)]
    return (
        f"{speeds[0]:.2f} and {speeds[1]:.2f} images a second, ratio {speed.median:.3f} (quartiles "
        f"{speed.lower_quartile:.3f} to {speed.upper_quartile:.3f}, {speed.rounds} rounds), CPU time {cpu.median:.3f}"
    )


if __name__ == "__main__":
    main()
