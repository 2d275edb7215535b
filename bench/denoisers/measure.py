"""Time forwards, count their operations, and compare the rate with the device's best."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.denoisers.known import Denoiser

#: Sides of the matrices whose product gives the device's best rate.
_MATRICES = {"cuda": (4096, 8192), "cpu": (1024, 2048)}


@dataclass(frozen=True)
class Measured:
    """One denoiser, way and number of rows."""

    denoiser: str
    way: str
    rows: int
    #: Milliseconds of a forward: median, lowest, highest.
    milliseconds: tuple[float, float, float]
    tflops_per_second: float
    #: As a share of the rate of the matrix product.
    share_of_matrix_product: float
    #: Steps of an image a second, guidance included: divide by a model's steps for images a second.
    image_steps_per_second: float


def measure_matrix_product(device: torch.device, dtype: torch.dtype, *, rounds: int) -> float:
    """TFLOP/s of the product of two square matrices, the best of the sizes and rounds."""
    best = 0.0
    for side in _MATRICES[device.type]:
        one = torch.randn(side, side, device=device, dtype=dtype)
        seconds = min(_time(partial(torch.matmul, one, one), device, rounds))
        best = max(best, 2 * side**3 / seconds / 1e12)
    return best


@dataclass(frozen=True)
class Settings:
    """What is the same for all measurements."""

    device: torch.device
    dtype: torch.dtype
    tiny: bool
    #: Pixels of an image's side; None for each model's own.
    side: int | None
    rows: tuple[int, ...]
    ways: tuple[str, ...]
    rounds: int


def measure(name: str, denoiser: Denoiser, settings: Settings, *, matrix_product: float) -> list[Measured]:
    """Measure `eager` and then `compiled`, on one set of weights, with each number of rows."""
    model: Any = denoiser.build(tiny=settings.tiny, device=settings.device, dtype=settings.dtype)
    all_inputs = {
        rows: denoiser.make_inputs(model, rows, settings.side or denoiser.side, settings.device, settings.dtype)
        for rows in settings.rows
    }
    measured = []
    with torch.inference_mode():
        flops = {rows: _count_flops(model, inputs) for rows, inputs in all_inputs.items()}
        for way in settings.ways:
            if way == "compiled":
                model.compile_repeated_blocks()
            for rows, inputs in all_inputs.items():
                seconds = _time(partial(model, **inputs), settings.device, settings.rounds)
                middle = statistics.median(seconds)
                measured.append(
                    Measured(
                        denoiser=name,
                        way=way,
                        rows=rows,
                        milliseconds=(middle * 1000, min(seconds) * 1000, max(seconds) * 1000),
                        tflops_per_second=flops[rows] / middle / 1e12,
                        share_of_matrix_product=flops[rows] / middle / 1e12 / matrix_product,
                        image_steps_per_second=rows / denoiser.rows_of_an_image / middle,
                    )
                )
    return measured


def _count_flops(model: torch.nn.Module, inputs: dict[str, Any]) -> int:
    with FlopCounterMode(display=False) as counter:
        model(**inputs)
    return int(counter.get_total_flops())


def _time(run: Callable[[], object], device: torch.device, rounds: int) -> list[float]:
    """Seconds of each round. The first three runs, which choose kernels and compile, are not timed."""
    for _ in range(3):
        run()
    seconds = []
    for _ in range(rounds):
        _wait_for(device)
        started = time.perf_counter()
        run()
        _wait_for(device)
        seconds.append(time.perf_counter() - started)
    return seconds


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
