"""The render benchmark's in-process systems, each in a process of its own, as the benchmark starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.render.jobs import make_jobs
from bench.render.parity import largest_difference
from bench.render.running import Measurement, RunningSystem
from bench.render.serve.setting import Setting
from bench.render.systems import get_system
from bench.render.traffic import Traffic
from tests.conftest import REPOSITORY

SETTING = Setting(model=REPOSITORY / "demo_model/weights", device="cpu", threads=1, max_batch=4)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_loop_static_batching_and_engine_draw_the_same_pictures(tmp_path: Path) -> None:
    """For two jobs, one from text and one from a picture, each system draws what the loop draws, and its CPU time is counted."""
    jobs = {job.task: job for job in make_jobs("mixed", 18, seed=1, size=64) if job.steps == 8}
    traffic = Traffic([jobs["text"], jobs["image"]], concurrency=2)

    measured = {name: measure(name, traffic, tmp_path) for name in ("loop", "static", "engine")}

    reference = [served.png for served in measured["loop"].served]
    for one in measured.values():
        assert largest_difference([served.png for served in one.served], reference) <= 1
        assert one.cpu_seconds > 0
        assert one.images_per_second > 0


def measure(name: str, traffic: Traffic, logs: Path) -> Measurement:
    system = RunningSystem(get_system(name), setting=SETTING, openmp="libgomp", logs=logs)
    try:
        system.wait_until_ready()
        return system.measure(traffic)
    finally:
        system.stop()
