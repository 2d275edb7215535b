"""Python imports this first where its folder is on PYTHONPATH: the process is the real one, on libraries that fail it.

HANG_FILE: the first denoising step that begins while this file exists takes it away and never ends. DEAF: the Celery
consumer stops to take messages as soon as it is ready, as it did after lost connections in releases before ours.
"""

from __future__ import annotations

import os
import sys
import time
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_SCHEDULER = "diffusers.schedulers.scheduling_ddim"


class _HangingScheduler(MetaPathFinder):
    """Finds the scheduler's own module, and changes its step once it is loaded."""

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != _SCHEDULER:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_break(module: ModuleType) -> None:
                load(module)
                _let_hang(module.DDIMScheduler)

            spec.loader.exec_module = load_and_break  # type: ignore[method-assign]  # of this one loader only
        return spec


def _let_hang(scheduler: Any) -> None:
    step = scheduler.step

    def step_or_hang(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            Path(os.environ["HANG_FILE"]).unlink()
        except FileNotFoundError:
            return step(self, *arguments, **options)
        while True:
            time.sleep(1)

    scheduler.step = step_or_hang


def _become_deaf(sender: Any, **_: object) -> None:
    for queue in list(sender.app.amqp.queues):
        sender.cancel_task_queue(queue)


if "HANG_FILE" in os.environ:
    sys.meta_path.insert(0, _HangingScheduler())
if "DEAF" in os.environ:
    from celery.signals import worker_ready

    worker_ready.connect(_become_deaf, weak=False)
