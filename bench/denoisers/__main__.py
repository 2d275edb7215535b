"""`make bench-models`: the throughput of each denoiser on a device, beside that of a matrix product."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch

from bench.denoisers.known import DENOISERS
from bench.denoisers.measure import Measured, Settings, measure, measure_matrix_product
from bench.machine import describe_machine

WAYS = ("eager", "compiled")


def main() -> None:
    """Print a table, and write the figures to the file of `--result`."""
    options = _build_parser().parse_args()
    device = torch.device(options.device)
    settings = Settings(
        device=device,
        dtype=torch.float32 if device.type == "cpu" else torch.bfloat16,
        tiny=options.dims == "tiny",
        side=options.side,
        rows=tuple(options.rows),
        ways=tuple(options.ways),
        rounds=options.rounds,
    )
    matrix_product = measure_matrix_product(device, settings.dtype, rounds=options.rounds)
    print(f"matrix product: {matrix_product:.2f} TFLOP/s in {settings.dtype} on {_name(device)}\n")
    print(
        "| denoiser | way | rows | ms, median (lowest to highest) | TFLOP/s | of the matrix product | image steps/s |"
    )
    print("|---|---|---|---|---|---|---|")
    measured = []
    for name in options.denoisers:
        for one in measure(name, DENOISERS[name], settings, matrix_product=matrix_product):
            print(_row(one), flush=True)
            measured.append(asdict(one))
    if options.result:
        figures = {
            "machine": {**describe_machine(), "device": _name(device)},
            "dims": options.dims,
            "dtype": str(settings.dtype),
            "rounds": options.rounds,
            "matrix_product_tflops_per_second": matrix_product,
            "measured": measured,
        }
        options.result.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.denoisers", description=__doc__)
    parser.add_argument("--denoisers", nargs="+", choices=DENOISERS, default=list(DENOISERS))
    parser.add_argument("--dims", choices=["full", "tiny"], default="full", help="full needs 2 to 24 GB each")
    parser.add_argument("--side", type=int, metavar="PIXELS", help="of the images (each model's own)")
    parser.add_argument("--rows", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--result", type=Path, help="where to write the figures, as JSON")
    return parser


def _row(one: Measured) -> str:
    middle, lowest, highest = one.milliseconds
    return (
        f"| {one.denoiser} | {one.way} | {one.rows} | {middle:.1f} ({lowest:.1f} to {highest:.1f}) "
        f"| {one.tflops_per_second:.3f} | {one.share_of_matrix_product:.0%} | {one.image_steps_per_second:.2f} |"
    )


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "this CPU"


if __name__ == "__main__":
    main()
