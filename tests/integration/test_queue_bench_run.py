"""`make bench-queue` measures what it says, on real servers and in real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.queue.parts.fair import ALONE, AT_ONCE, FAIR, FIRST_COME, NOW_AND_THEN
from bench.queue.parts.reads import FINISHED, LIST, QUEUED, RUNNING, SUBMIT, UNCHANGED
from bench.queue.report.table import write_table
from bench.queue.report.targets import judge_targets
from bench.queue.results import Results
from bench.report_run import read_results
from tests.conftest import REPOSITORY

#: In a process of its own, on a stack of its own: settings are read once in a process.
_RUN = """
import sys
from pathlib import Path
from bench.queue.command_line import read_plan
from bench.queue.run import run

folder = Path(sys.argv[1])
run(read_plan(sys.argv[2:]), logs=folder, say=print).write(folder / "results.json")
"""

_SMALL = [
    *("--rounds", "1", "--worker-threads", "2", "--noop-jobs", "20", "--handoffs", "5", "--sizes", "200,500"),
    *("--accounts", "1,10", "--claims", "5", "--clients", "2", "--submit-seconds", "0.3", "--light-jobs", "1"),
    *("--simulated-workers", "4", "--work-seconds", "0.02", "--fair-rounds", "1"),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_small_run_measures_every_part(tmp_path: Path) -> None:
    """Each part has its cells, with a positive figure in each, and every target is judged."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path), *_SMALL],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = read_results(Results, tmp_path / "results.json")

    cells = {(cell.measure, cell.system, cell.load) for cell in results.cells}
    assert cells >= {("noop", name, "") for name in ("ours-1", "ours-2", "celery-prefork", "celery-threads")}
    assert cells >= {("handoff", "brpop", ""), ("handoff", "ours", "rung"), ("handoff", "ours", "claimed")}
    assert cells >= {("claim", accounts, rows) for accounts in ("1", "10") for rows in ("200", "500")}
    assert cells >= {("sweep", "nothing expired", "500"), ("sweep", "100 expired leases", "500")}
    assert cells >= {("submit", name, "2 accounts") for name in ("ours", "floor", "naive")}
    assert cells >= {("read", "ours", load) for load in (SUBMIT, QUEUED, RUNNING, FINISHED, UNCHANGED, LIST)} | {
        ("read", peer, load) for peer in ("floor", "naive") for load in (QUEUED, LIST)
    }
    assert cells >= {
        ("fair wait", policy, load) for policy in (ALONE, FAIR, FIRST_COME) for load in (AT_ONCE, NOW_AND_THEN)
    }
    assert not [cell for cell in results.cells if min(cell.values) <= 0 and not cell.measure.endswith("cpu")]
    assert len(judge_targets(results)) == 16
    assert "no-op jobs/s" in write_table(results)
