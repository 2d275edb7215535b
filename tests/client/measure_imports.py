"""`python -m tests.client.measure_imports`: how long the imports of an installed client take."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.client.install_alone import install_alone

_IMPORTS = ("import darkroom", "from darkroom import Darkroom", "from darkroom import verify_webhook")
_TIMED = "import time; began = time.perf_counter(); {}; print(1000 * (time.perf_counter() - began))"
_RUNS = 15


def main() -> None:
    """Install the client alone, and print the times of its imports, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        installed = install_alone(Path(folder), sys.executable)
        # As pip leaves it.
        subprocess.run([installed.python, "-m", "compileall", "-q", installed.packages], check=True)
        print(f"Python {sys.version.split()[0]}: {installed.size_bytes / 1e6:.1f} MB")
        for statement in _IMPORTS:
            program = [str(installed.python), "-c", _TIMED.format(statement)]
            took = sorted(float(subprocess.check_output(program)) for _ in range(_RUNS))
            print(f"{statement}: median {median(took):.0f} ms, {took[0]:.0f} to {took[-1]:.0f} ms, {_RUNS} runs")


if __name__ == "__main__":
    main()
