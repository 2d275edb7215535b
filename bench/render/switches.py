"""`python -m bench.render.switches`: the effect of each speed switch of the catalog on one model, measured in one run.

Every switch draws the same job in turn, round after round, so that other load on the machine affects all of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.machine import describe_machine
from core.catalog import Catalog, load_catalog
from worker.rendering.drawing import Drawing
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models import LoadedModel, Models
from worker.rendering.models.memory import module_bytes
from worker.rendering.render import render_images

_REPOSITORY = Path(__file__).parents[2]

#: By their names in the table; all are compared with the first.
SWITCHES: dict[str, dict[str, Any]] = {
    "none": {},
    "channels_last": {"channels_last": True},
    "compile": {"compile": "regional"},
    "channels_last + compile": {"channels_last": True, "compile": "regional"},
    "attention_backend": {"attention_backend": "native"},
    "quantisation int8": {"quantisation": "int8"},
    "quantisation fp8": {"quantisation": "fp8"},
    "layerwise_casting": {"layerwise_casting": True},
    "offload model": {"offload": "model"},
    "offload group": {"offload": "group"},
}


@dataclass(frozen=True)
class Measured:
    """One switch. Times in milliseconds for the whole job."""

    switch: str
    median_ms: float
    lowest_ms: float
    highest_ms: float
    #: Plain's median over this one's.
    times_as_fast: float
    denoiser_mb: float
    #: From the picture without switches, in a range of 255.
    largest_pixel_difference: int


def main() -> None:
    """Print a table, and write the figures to the file of `--result`."""
    parser = argparse.ArgumentParser(prog="python -m bench.render.switches", description=__doc__)
    parser.add_argument("--models-file", type=Path, default=_REPOSITORY / "models.toml")
    parser.add_argument("--model", default="picturebook")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, help="of torch (all cores)")
    parser.add_argument("--result", type=Path, help="where to write the figures, as JSON")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)

    catalog = load_catalog(options.models_file)
    loaded, refused = load_all(catalog, options.model, options.device)
    measured = measure(loaded, options.rounds)
    for line in _table(measured, refused):
        print(line)
    if options.result:
        figures = {
            "machine": describe_machine(),
            "measured": [asdict(item) for item in measured],
            "refused": refused,
        }
        options.result.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def load_all(catalog: Catalog, model_id: str, device: str) -> tuple[dict[str, LoadedModel], dict[str, str]]:
    """The model with each switch, and the reasons for those that this machine cannot run."""
    loaded: dict[str, LoadedModel] = {}
    refused: dict[str, str] = {}
    for name, switches in SWITCHES.items():
        entry = catalog.models[model_id].model_copy(update=switches)
        switched = catalog.model_copy(update={"models": {**catalog.models, model_id: entry}})
        try:
            loaded[name] = Models(switched, device=device).load(model_id)
        except ModelUnavailable as error:
            refused[name] = error.message
    return loaded, refused


def measure(loaded: dict[str, LoadedModel], rounds: int) -> list[Measured]:
    """Draw with each in turn. The first round warms up and compiles, and is not counted."""
    pictures = {name: _draw(model)[0] for name, model in loaded.items()}
    seconds: dict[str, list[float]] = {name: [] for name in loaded}
    for number in range(rounds):
        names = list(loaded)
        for name in itertools.islice(itertools.cycle(names), number % len(names), number % len(names) + len(names)):
            seconds[name].append(_draw(loaded[name])[1])

    plain = next(iter(loaded))
    usual = statistics.median(seconds[plain])
    return [
        Measured(
            switch=name,
            median_ms=round(statistics.median(times) * 1000, 1),
            lowest_ms=round(min(times) * 1000, 1),
            highest_ms=round(max(times) * 1000, 1),
            times_as_fast=round(usual / statistics.median(times), 2),
            denoiser_mb=round(_denoiser_bytes(loaded[name]) / 1e6, 1),
            largest_pixel_difference=int(np.abs(pictures[name] - pictures[plain]).max()),
        )
        for name, times in seconds.items()
    ]


def _draw(model: LoadedModel) -> tuple[NDArray[np.int16], float]:
    entry = model.entry
    request = {
        "prompt": "a large red mug on a yellow background",
        "negative_prompt": "",
        "width": entry.default_width,
        "height": entry.default_height,
        "num_inference_steps": entry.default_steps,
        "guidance_scale": entry.default_guidance_scale,
        "scheduler": entry.default_scheduler,
    }
    started = time.perf_counter()
    [image] = render_images(model, Drawing(request, seeds=[1]), on_step=lambda _: None).images
    return np.asarray(image).astype(np.int16), time.perf_counter() - started


def _denoiser_bytes(model: LoadedModel) -> int:
    components = model.pipeline.components
    return module_bytes(components["unet"] if "unet" in components else components["transformer"])


def _table(measured: list[Measured], refused: dict[str, str]) -> list[str]:
    lines = [
        "| switch | ms, median (lowest to highest) | times as fast | denoiser, MB | largest pixel difference of 255 |",
        "|---|---|---|---|---|",
    ]
    for item in measured:
        spread = f"{item.median_ms} ({item.lowest_ms} to {item.highest_ms})"
        figures = f"{item.times_as_fast} | {item.denoiser_mb} | {item.largest_pixel_difference}"
        lines.append(f"| {item.switch} | {spread} | {figures} |")
    return [*lines, *(f"| {name} | refused: {reason} | | | |" for name, reason in refused.items())]


if __name__ == "__main__":
    main()
