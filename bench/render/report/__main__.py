"""Write table and plot again from a run's results: `python -m bench.render.report FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.render.report import write_report
from bench.render.results import Results
from bench.report_run import read_results

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_report(read_results(Results, folder / "results.json"), folder)
