"""Load and evict a model repeatedly in a process of its own, and print the memory that it took as JSON."""

from __future__ import annotations

import argparse
import json
import threading
from pathlib import Path

import psutil
import torch

from core.catalog import load_catalog
from tests.rendering.models.drawing import draw
from worker.rendering.models import Models
from worker.rendering.models.memory import release_memory

#: Threads that live all the time, as a worker's do: each allocates once.
_THREADS = 20


def main() -> None:
    """Print the bytes above those of the light model alone: with the heavy one in memory, and after its eviction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalog", type=Path, help="a models file with `heavy` and `light`")
    parser.add_argument("--budget", type=int, required=True, help="bytes, enough for one of the two")
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()

    ended = threading.Event()
    threads = [threading.Thread(target=_allocate_and_wait, args=(ended,)) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    models = Models(load_catalog(arguments.catalog), device="cpu", budget_bytes=arguments.budget)
    draw(models.load("light"), num_inference_steps=1)
    release_memory(torch.device("cpu"))
    before = _resident_bytes()
    taken, left = [], []
    for _ in range(arguments.rounds):
        draw(models.load("heavy"), num_inference_steps=1)
        taken.append(_resident_bytes() - before)
        draw(models.load("light"), num_inference_steps=1)
        left.append(_resident_bytes() - before)
    models.close()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"taken": taken, "left": left}))


def _allocate_and_wait(ended: threading.Event) -> None:
    held = [torch.zeros(1000) for _ in range(100)]
    ended.wait()
    del held


def _resident_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main()
