"""The bench of streams and waits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.mark.slow
def test_a_small_run_measures_everything(tmp_path: Path) -> None:
    """Whatever this machine is busy with: events of every kind arrive, waits end, and each has its figures."""
    result = tmp_path / "result.json"
    command = [sys.executable, "-m", "bench.events", "--streams", "10", "--waits", "10", "--seconds", "2"]
    subprocess.run([*command, "--result", str(result)], cwd=REPOSITORY, check=False, timeout=150)

    figures = json.loads(result.read_text())["figures"]
    assert set(figures["streams"]["events_by_type_ms"]) == {"started", "step", "output", "finished"}
    assert figures["streams"]["latency_ms"]["livez"]["p50"] > 0
    assert figures["waits"]["ended"] > 0
    assert figures["waits"]["transactions_a_second_while_idle"] < 20
