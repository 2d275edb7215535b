"""Write table and plot again from a run's results: `python -m bench.queue.report FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.queue.report import write_report
from bench.queue.results import Results
from bench.report_run import read_results

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_report(read_results(Results, folder / "results.json"), folder)
