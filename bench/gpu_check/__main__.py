"""`make gpu-check`: run every part, write the page, and end with 1 if something is not as it has to be."""

from __future__ import annotations

import argparse
import faulthandler
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.gpu_check.findings import Outcome, Verdict
from bench.gpu_check.machine import describe_device
from bench.gpu_check.page import summarise, write_page
from bench.gpu_check.plan import LIMIT_SECONDS, PARTS, Part
from bench.gpu_check.run_parts import preload, run_parts
from bench.gpu_check.setting import Setting
from bench.options import list_of

#: Seconds for the imports, and for ends and the page beside the parts' own time.
_START_SECONDS = 600.0
_GRACE_SECONDS = 120.0

#: Seconds of each part on a CPU, which may be busy with other work: the parts take a few seconds each.
_LIMIT_ON_A_CPU = 240.0

_RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Write `page.md` and `page.json`, and print the page."""
    options = _build_parser().parse_args()
    is_tiny = options.dims == "tiny" or (options.dims is None and options.device == "cpu")
    if options.device == "cpu":
        # Two jobs that share a core each draw the same bits as one that has it alone.
        os.environ |= {"OMP_NUM_THREADS": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    setting = Setting(options.device, is_tiny)
    logs = Path(tempfile.mkdtemp(prefix="darkroom-gpu-check-"))
    folder: Path = options.out or (logs if options.device == "cpu" else _RESULTS)
    say(f"What the parts print goes to {logs}")

    # The last resort, should this process itself hang: it ends whatever it waits for.
    faulthandler.dump_traceback_later(_START_SECONDS, exit=True)
    preload()
    faulthandler.dump_traceback_later(options.seconds + _GRACE_SECONDS, exit=True)
    started = time.monotonic()
    machine = describe_device(options.device)
    command = f"python -m bench.gpu_check {' '.join(sys.argv[1:])}".strip()
    parts = _choose(options.parts, on_cpu=options.device == "cpu")
    outcomes: list[Outcome] = []
    for outcome in run_parts(parts, setting, limit_seconds=options.seconds, logs=logs, say=say):
        outcomes.append(outcome)
        # After each part: whatever happens next, what was found is there.
        write_page(outcomes, machine, seconds=time.monotonic() - started, command=command, folder=folder)
    print((folder / "page.md").read_text(encoding="utf-8"))
    say(f"The page is {folder / 'page.md'}")
    # A process that the driver keeps must not keep this one.
    os._exit(1 if summarise(outcomes) is Verdict.BAD else 0)


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu_check", description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, …, or cpu for the course on tiny models")
    parser.add_argument("--dims", choices=["full", "tiny"], help="tiny on a CPU, full elsewhere")
    parser.add_argument("--parts", type=list_of(str), default=(), help=", ".join(part.name for part in PARTS))
    parser.add_argument("--seconds", type=float, default=LIMIT_SECONDS, help="of the whole check")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="of the page")
    return parser


def _choose(names: tuple[str, ...], *, on_cpu: bool) -> list[Part]:
    if unknown := set(names) - {part.name for part in PARTS}:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}.")
    chosen = [part for part in PARTS if not names or part.name in names]
    return [replace(part, limit_seconds=_LIMIT_ON_A_CPU) for part in chosen] if on_cpu else chosen


if __name__ == "__main__":
    main()
