"""`python -m bench.aiperf`: AIPerf, unmodified, sends calls to `/openai/v1/images/generations` at constant and at Poisson arrivals, with
and without streaming; exits with 1 if a call failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from bench.machine import describe_machine
from infra.local import LocalStack

_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDER = Path(__file__).parent
_ENVIRONMENT = _REPOSITORY / ".venv-aiperf"

#: AIPerf counts the tokens of its prompts; no tokenizer has to be downloaded for that.
_TOKENIZER = "demo_model/weights/tokenizer"

#: Of AIPerf's figures, those that mean something for images, as its JSON names them; all in milliseconds but the last.
_LATENCY, _THROUGHPUT = "request_latency", "request_throughput"

_SECONDS = 900


@dataclass(frozen=True)
class Run:
    """One run of AIPerf."""

    arrivals: str
    is_streaming: bool

    @property
    def name(self) -> str:
        return f"{self.arrivals}-{'stream' if self.is_streaming else 'plain'}"

    def build_command(self, *, rate: float, calls: int, size: str, steps: int) -> list[str]:
        """As a shell takes it, but for the address, the key and where the report goes."""
        return [
            *("aiperf", "profile", "--model", "picturebook", "--endpoint-type", "image-generation"),
            *("--arrival-pattern", self.arrivals, "--request-rate", f"{rate:g}", "--request-count", str(calls)),
            *("--extra-inputs", f"size:{size}", "--extra-inputs", f"steps:{steps}"),
            *(("--streaming",) if self.is_streaming else ()),
            *("--prompt-input-tokens-mean", "20", "--prompt-input-tokens-stddev", "5", "--random-seed", "7"),
            *("--tokenizer", _TOKENIZER, "--no-server-metrics", "--no-gpu-telemetry", "--ui-type", "none"),
        ]


RUNS = [Run(arrivals, is_streaming) for arrivals in ("constant", "poisson") for is_streaming in (False, True)]


def main() -> None:
    """Measure, and write results.json and results.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.aiperf", description=__doc__)
    parser.add_argument("--rate", type=float, default=2.0, help="calls a second")
    parser.add_argument("--calls", type=int, default=60, help="of each run")
    parser.add_argument("--size", default="64x64")
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where the results go")
    options = parser.parse_args()
    aiperf = _prepare()
    call = {"rate": options.rate, "calls": options.calls, "size": options.size, "steps": options.steps}
    with LocalStack() as stack, tempfile.TemporaryDirectory() as folder:
        machine = describe_machine(["torch", "diffusers"]) | {"aiperf": _read_version()}
        _warm_up(stack, options.size)
        runs = [_run(aiperf, stack, run, Path(folder) / run.name, call) for run in RUNS]
    _write(options.folder, machine, runs)
    print((options.folder / "results.md").read_text())
    sys.exit(any(run["completed"] < options.calls or run["failed"] for run in runs))


def _prepare() -> Path:
    """AIPerf's program, installed if it is not there."""
    program = _ENVIRONMENT / "bin" / "aiperf"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True)
        pip = [str(_ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--requirement", str(_FOLDER / "requirements.txt")], check=True)
    return program


def _read_version() -> str:
    return (_FOLDER / "requirements.txt").read_text().rpartition("==")[2].strip()


def _warm_up(stack: LocalStack, size: str) -> None:
    """The first picture waits for the model to be loaded."""
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    body = {"prompt": "a red mug", "size": size}
    answer = httpx2.post(f"{stack.url}/openai/v1/images/generations", json=body, headers=headers, timeout=120)
    answer.raise_for_status()


def _run(aiperf: Path, stack: LocalStack, run: Run, folder: Path, call: dict[str, Any]) -> dict[str, Any]:
    command = run.build_command(**call)
    here = ["--url", f"{stack.url}/openai", "--api-key", stack.api_key, "--artifact-dir", str(folder)]
    print(shlex.join(command), flush=True)
    subprocess.run(
        [str(aiperf), *command[1:], *here],
        check=True,
        cwd=_REPOSITORY,
        env={name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ},
        timeout=_SECONDS,
        stdout=subprocess.DEVNULL,
    )
    report = json.loads((folder / "profile_export_aiperf.json").read_text())
    return {
        "run": run.name,
        "command": shlex.join(command),
        "completed": int(report["request_count"]["avg"]),
        "failed": int((report.get("error_request_count") or {"avg": 0})["avg"]),
        "calls_a_second": round(report[_THROUGHPUT]["avg"], 2),
        "latency_ms": {name: round(report[_LATENCY][name], 1) for name in ("min", "p50", "p90", "p99", "max")},
    }


def _write(folder: Path, machine: dict[str, str], runs: list[dict[str, Any]]) -> None:
    (folder / "results.json").write_text(json.dumps({"machine": machine, "runs": runs}, indent=2) + "\n")
    rows = [
        f"| {run['run']} | {run['completed']} | {run['failed']} | {run['calls_a_second']} | "
        + " | ".join(f"{value:,.0f}" for value in run["latency_ms"].values())
        + " |"
        for run in runs
    ]
    lines = [
        "# AIPerf on `/openai/v1/images/generations`",
        "",
        "Written by `.venv/bin/python -m bench.aiperf`. Milliseconds; one run of each on:",
        "",
        *(f"- {name}: {value}" for name, value in machine.items()),
        "",
        "| run | completed | failed | calls a second | min | p50 | p90 | p99 | max |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "The commands, with `--url …/openai` and `--api-key` added:",
        "",
        "```sh",
        *(run["command"] for run in runs),
        "```",
        "",
    ]
    (folder / "results.md").write_text("\n".join(lines))


if __name__ == "__main__":
    main()
