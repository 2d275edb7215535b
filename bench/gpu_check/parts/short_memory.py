"""A forward that finds no memory is split, and every job gets its rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

from bench.denoisers.known import DENOISERS
from bench.gpu_check.device import device_of, fast_dtype
from bench.gpu_check.findings import Finding, Report, judge
from bench.gpu_check.setting import Clock, Setting
from worker.rendering.batching import Batcher, BatchJob

_JOBS = 4
_ROWS = 2
_PATIENCE_SECONDS = 60


def check_short_memory(setting: Setting, report: Report) -> None:
    """Jobs of two rows each, on a device with memory for one and a half of them."""
    denoiser = DENOISERS["sd15"]
    side = 64 if setting.is_tiny else denoiser.side
    torch.manual_seed(0)
    module: Any = denoiser.build(tiny=setting.is_tiny, device=device_of(setting), dtype=fast_dtype(setting))
    jobs = [denoiser.make_inputs(module, _ROWS, side, device_of(setting), fast_dtype(setting)) for _ in range(_JOBS)]
    with torch.inference_mode():
        alone = [module(**inputs, return_dict=False)[0] for inputs in jobs]

    rows: list[int] = []
    # The first layer sees the rows that a forward has; a hook of the module itself sees those of its callers.
    module.conv_in.register_forward_pre_hook(lambda _layer, args: rows.append(len(args[0])))
    short = _short_gpu(module, jobs[0], setting) if setting.is_cuda else _short_cpu(module)
    with short as how:
        together = _call_together(module, jobs)
    report(Finding("the memory", how))

    apart = max(float((one - other).abs().max()) for one, other in zip(together, alone, strict=True))
    reach = max(float(one.abs().max()) for one in alone)
    is_split = max(rows) > _ROWS
    report(Finding("rows of the forwards that were tried", ", ".join(map(str, rows)), judge(is_split)))
    is_close = apart / reach <= (0.05 if setting.is_cuda else 1e-4)
    report(Finding(f"{_JOBS} jobs beside each alone", f"{apart / reach:.1e} of the range", judge(is_close)))


def _call_together(module: torch.nn.Module, jobs: list[dict[str, Any]]) -> list[torch.Tensor]:
    batcher = Batcher({"unet": module}, name="gpu-check")

    def call(inputs: dict[str, Any]) -> torch.Tensor:
        with batcher.job(BatchJob()), torch.inference_mode():
            answer: torch.Tensor = module(**inputs, return_dict=False)[0]
        return answer

    clock = Clock(_PATIENCE_SECONDS)
    try:
        with ThreadPoolExecutor(len(jobs)) as threads:
            # All have called before the first forward begins, so that the others wait for it together.
            with batcher.paused():
                answers = [threads.submit(call, inputs) for inputs in jobs]
                while batcher.jobs_in_flight < len(jobs) and clock.left:
                    time.sleep(0.01)
            return [answer.result(_PATIENCE_SECONDS) for answer in answers]
    finally:
        batcher.close()


@contextmanager
def _short_gpu(module: torch.nn.Module, inputs: dict[str, Any], setting: Setting) -> Iterator[str]:
    device = device_of(setting)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    with torch.inference_mode():
        module(**inputs, return_dict=False)
    activations = torch.cuda.max_memory_allocated(device) - before
    torch.cuda.empty_cache()
    allowed = torch.cuda.memory_reserved(device) + int(1.5 * activations)
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(allowed / total, device)
    try:
        yield f"{activations / 2**20:.0f} MiB for {_ROWS} rows, {1.5 * activations / 2**20:.0f} MiB allowed"
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)


@contextmanager
def _short_cpu(module: Any) -> Iterator[str]:
    def refuse(_layer: Any, args: tuple[torch.Tensor, ...]) -> None:
        if len(args[0]) > _ROWS:
            raise torch.OutOfMemoryError("no memory for so many rows")

    hook = module.conv_in.register_forward_pre_hook(refuse)
    try:
        yield f"a hook refuses more than {_ROWS} rows: a CPU's memory cannot be limited so"
    finally:
        hook.remove()
