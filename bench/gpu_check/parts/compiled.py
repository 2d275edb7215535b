"""A compiled model draws what it draws uncompiled, with any number of rows, and never falls back without a word."""

from __future__ import annotations

import time

import torch

from bench.gpu_check.device import device_of
from bench.gpu_check.drawing import decibels, draw_alone, draw_together
from bench.gpu_check.findings import Finding, Report, Verdict, judge
from bench.gpu_check.models import KINDS, build_pipeline, load_engine
from bench.gpu_check.setting import Setting
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.switches import refuse_impossible_switches

#: The smallest ratio of the pictures: compiled code rounds otherwise.
_BOUND_DECIBELS = 40.0

#: Jobs at once, one group after the other: as many numbers of rows.
_GROUPS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
_TINY_GROUPS = (1, 2)


def check_compiled(setting: Setting, report: Report) -> None:
    """A tiny model, compiled by regions, beside itself: a transformer, or on a CPU a UNet, which has less to compile."""
    kind, dtype = KINDS["sd15" if setting.is_tiny else "flux"], torch.float32
    request = kind.request(is_tiny=True)
    groups = _TINY_GROUPS if setting.is_tiny else _GROUPS
    usual = load_engine(build_pipeline(kind, device_of(setting), dtype, is_tiny=True), kind, device_of(setting), dtype)
    expected = [draw_alone(usual, request, seed + 1) for seed in range(max(groups))]

    pipeline = build_pipeline(kind, device_of(setting), dtype, is_tiny=True)
    model = load_engine(pipeline, kind, device_of(setting), dtype, compile="regional")
    try:
        refuse_impossible_switches(model.entry, device_of(setting))
    except ModelUnavailable as error:
        report(Finding("not compiled", error.message, Verdict.SKIPPED))
        return
    # A forward beyond the limit of compilations fails instead of running uncompiled.
    torch._dynamo.config.fail_on_recompile_limit_hit = True  # noqa: SLF001
    for jobs in groups:
        started = time.perf_counter()
        drawn = draw_together(model, [request] * jobs, must_meet=True)
        seconds = time.perf_counter() - started
        ratio = min(decibels(one, other) for one, other in zip(drawn, expected[:jobs], strict=True))
        rows = max(max(one.batch_rows) for one in drawn)
        graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]  # noqa: SLF001
        measured = f"{ratio:.0f} dB, up to {rows} rows in a forward, {graphs} graphs so far, {seconds:.1f} s"
        figures: dict[str, float | list[float]] = {"graphs": float(graphs), "seconds": seconds}
        report(Finding(f"{jobs} at once", measured, judge(ratio >= _BOUND_DECIBELS), figures))
