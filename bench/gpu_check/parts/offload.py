"""Models whose weights stay in main memory draw the same pictures, job after job."""

from __future__ import annotations

import torch

from bench.gpu_check.device import device_of, fast_dtype
from bench.gpu_check.drawing import Drawn, are_equal, decibels, draw_alone
from bench.gpu_check.findings import Finding, Report, judge
from bench.gpu_check.models import KINDS, build_pipeline, load_engine
from bench.gpu_check.setting import Setting

#: Jobs in a row: what a clean-up after the first one breaks shows in the second.
_JOBS = 3


def check_offload(setting: Setting, report: Report) -> None:
    """Each way of offloading, beside the same weights on the device. (On a CPU the weights move from the CPU to the CPU.)"""
    usual, usual_peak = _draw("none", setting)
    for offload in ("model", "group"):
        drawn, peak = _draw(offload, setting)
        same = [are_equal(one, other) for one, other in zip(drawn, usual, strict=True)]
        ratio = min(decibels(one, other) for one, other in zip(drawn, usual, strict=True))
        measured = f"{sum(same)} of {_JOBS} equal bit for bit, {ratio:.0f} dB"
        report(Finding(f"{offload}: pictures", measured, judge(all(same))))
        batched = all(one.batch_rows for one in drawn)
        report(Finding(f"{offload}: through the engine", "every job" if batched else "not every job", judge(batched)))
        if setting.is_cuda:
            figures = {"peak_mib": peak / 2**20, "usual_peak_mib": usual_peak / 2**20}
            measured = f"{peak / 2**20:.0f} MiB at most, {usual_peak / 2**20:.0f} MiB without"
            report(Finding(f"{offload}: memory on the device", measured, judge(peak < usual_peak), figures))


def _draw(offload: str, setting: Setting) -> tuple[list[Drawn], int]:
    """The pictures, and on a GPU the most bytes that were in use."""
    kind, dtype = KINDS["sd15"], fast_dtype(setting)
    pipeline = build_pipeline(kind, device_of(setting), dtype, is_tiny=setting.is_tiny)
    if offload != "none":
        pipeline.to("cpu")
    if setting.is_cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device_of(setting))
    model = load_engine(pipeline, kind, device_of(setting), dtype, offload=offload)
    request = kind.request(is_tiny=setting.is_tiny, num_inference_steps=3)
    try:
        drawn = [draw_alone(model, request, seed) for seed in range(_JOBS)]
    finally:
        model.batcher.close()
    return drawn, torch.cuda.max_memory_allocated(device_of(setting)) if setting.is_cuda else 0
