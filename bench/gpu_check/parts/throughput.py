"""How fast a model is: the engine beside the bare loop, eager and compiled, one job at a time and several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from bench.denoisers.known import DENOISERS
from bench.denoisers.measure import measure_matrix_product
from bench.figures import spread
from bench.gpu_check.device import device_of, fast_dtype, free_bytes, synchronise
from bench.gpu_check.drawing import draw_alone, draw_bare, draw_together
from bench.gpu_check.findings import Finding, Report, Verdict
from bench.gpu_check.models import KINDS, Kind, build_pipeline, load_engine
from bench.gpu_check.setting import Clock, Setting
from bench.markdown import say_spread

#: Title to the pictures that a call draws, and the call.
Ways = dict[str, tuple[int, Callable[[], object]]]

#: Where a pipeline has its denoiser.
_DENOISER_NAMES = frozenset({"unet", "transformer"})

#: Jobs at once, and rounds at most.
_AT_ONCE = 8
_ROUNDS = 5

#: The part of the time after which a round that has begun is the last one of eager mode.
_EAGER = 0.5


def measure_sd15(setting: Setting, report: Report) -> None:
    """Stable Diffusion 1.5."""
    _measure_kind(KINDS["sd15"], setting, report)


def measure_sdxl(setting: Setting, report: Report) -> None:
    """Stable Diffusion XL."""
    _measure_kind(KINDS["sdxl"], setting, report)


def measure_flux(setting: Setting, report: Report) -> None:
    """FLUX.1."""
    _measure_kind(KINDS["flux"], setting, report)


def measure_z_image(setting: Setting, report: Report) -> None:
    """Z-Image."""
    _measure_kind(KINDS["z-image"], setting, report)


def _measure_kind(kind: Kind, setting: Setting, report: Report) -> None:
    """Pictures a second, and TFLOP/s of the denoiser beside those of a matrix product."""
    clock = Clock(setting.seconds)
    free = free_bytes(setting)
    if not setting.is_tiny and free is not None and free < kind.needed_gib * 2**30:
        measured = f"needs {kind.needed_gib:.0f} GiB, and {free / 2**30:.1f} GiB are free"
        report(Finding("not measured", measured, Verdict.SKIPPED))
        return
    product = measure_matrix_product(device_of(setting), fast_dtype(setting), rounds=3)
    report(Finding("matrix product", f"{product:.2f} TFLOP/s", figures={"tflops_per_second": product}))

    pipeline = build_pipeline(kind, device_of(setting), fast_dtype(setting), is_tiny=setting.is_tiny)
    request = kind.request(is_tiny=setting.is_tiny)
    measure = partial(
        _measure, setting=setting, report=report, flops=_count(pipeline, kind, request, setting), product=product
    )
    model = load_engine(pipeline, kind, device_of(setting), fast_dtype(setting))
    together = [request] * (2 if setting.is_tiny else _AT_ONCE)
    engine: Ways = {
        "the engine, one at a time": (1, partial(draw_alone, model, request)),
        f"the engine, {len(together)} at once": (len(together), partial(draw_together, model, together)),
    }
    measure(
        {"the bare loop": (1, partial(draw_bare, pipeline, request)), **engine},
        clock=clock,
        seconds=_EAGER * clock.left,
    )
    if setting.is_cuda:
        for denoiser in _DENOISER_NAMES.intersection(pipeline.components):
            pipeline.components[denoiser].compile_repeated_blocks(dynamic=True)
        compiled: Ways = {f"compiled: {title}": way for title, way in engine.items()}
        measure(compiled, clock=clock, seconds=clock.left)
    model.batcher.close()


def _measure(
    ways: Ways, *, clock: Clock, seconds: float, setting: Setting, report: Report, flops: float, product: float
) -> None:
    """In turns, so that what disturbs a round disturbs all of them. The first round chooses kernels and is not counted."""
    ends_with = clock.left - seconds
    rates: dict[str, list[float]] = {title: [] for title in ways}
    for number in range(_ROUNDS + 1):
        for title, (pictures, draw) in ways.items():
            synchronise(setting)
            started = time.perf_counter()
            draw()
            synchronise(setting)
            if number > 0:
                rates[title].append(pictures / (time.perf_counter() - started))
        if number > 0 and (clock.left <= ends_with or setting.is_tiny):
            break
    for title, found in rates.items():
        figure = spread(found)
        tflops = figure.median * flops / 1e12
        measured = (
            f"{say_spread(figure, '.3f')} pictures/s, {figure.rounds} rounds; "
            f"{tflops:.2f} TFLOP/s, {tflops / product:.0%} of the matrix product"
        )
        figures: dict[str, float | list[float]] = {"pictures_per_second": found, "tflops_per_second": tflops}
        report(Finding(title, measured, figures=figures))


def _count(pipeline: Any, kind: Kind, request: Mapping[str, Any], setting: Setting) -> float:
    """The denoiser's operations for one picture."""
    denoiser = DENOISERS[kind.denoiser]
    module = pipeline.components["unet" if "unet" in pipeline.components else "transformer"]
    inputs = denoiser.make_inputs(module, 1, request["width"], device_of(setting), fast_dtype(setting))
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        module(**inputs)
    return float(counter.get_total_flops() * denoiser.rows_of_an_image * request["num_inference_steps"])
