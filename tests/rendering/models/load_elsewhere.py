"""Load a model in a process of its own, and print the main memory that this took as JSON."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import torch

from core.catalog import load_catalog
from worker.rendering.models.loading import load_pipeline
from worker.rendering.models.memory import release_memory
from worker.rendering.models.sources import ModelSources


def main() -> None:
    """Print the bytes of main memory above those before: at the peak of the load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalog", type=Path, help="a models file with `heavy` and `light`")
    parser.add_argument("--device", type=torch.device, required=True, help="`meta` keeps no weights at all")
    arguments = parser.parse_args()

    sources = ModelSources(load_catalog(arguments.catalog), arguments.device)
    # The first load also imports what all loads need.
    load_pipeline(sources.plan("light"), {})
    plan = sources.plan("heavy")
    release_memory(torch.device("cpu"))
    # The peak begins anew (Linux' proc_pid_clear_refs(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before = _read_kilobytes("VmRSS")
    pipeline = load_pipeline(plan, {})
    peak = _read_kilobytes("VmHWM") - before
    devices = sorted({parameter.device.type for parameter in pipeline.unet.parameters()})
    print(json.dumps({"peak": peak * 1024, "devices": devices}))


def _read_kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


if __name__ == "__main__":
    main()
