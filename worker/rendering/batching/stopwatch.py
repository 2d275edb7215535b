"""Measure how long forwards take on their device, without making it wait."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Protocol

import torch

from worker.rendering.batching.call import DenoiserCall

#: A group of calls and the seconds that its forward took.
Timed = tuple[list[DenoiserCall], float]

#: The number of forwards that a GPU may have queued while the next one is prepared: enough to keep it busy, and few enough
#: that jobs which arrive now still join the next one.
_AHEAD = 1


class Stopwatch(Protocol):
    """Times forwards, one after the other."""

    def start(self) -> None:
        """A forward starts."""

    def stop(self, calls: list[DenoiserCall]) -> list[Timed]:
        """The forward has been given to the device. Returns the forwards whose time is known now: this or earlier ones."""


class HostStopwatch:
    """For a CPU, which has finished when the call returns."""

    def __init__(self) -> None:
        self._started_at = 0.0

    def start(self) -> None:
        self._started_at = time.monotonic()

    def stop(self, calls: list[DenoiserCall]) -> list[Timed]:
        return [(calls, time.monotonic() - self._started_at)]


class CudaStopwatch:
    """For a GPU, which works while the next forward is prepared: events on its stream measure the time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._running: deque[tuple[list[DenoiserCall], torch.cuda.Event, torch.cuda.Event]] = deque()
        self._started = torch.cuda.Event(enable_timing=True)

    def start(self) -> None:
        if len(self._running) > _AHEAD:
            self._running[0][2].synchronize()
        self._started = torch.cuda.Event(enable_timing=True)
        self._started.record(torch.cuda.current_stream(self._device))

    def stop(self, calls: list[DenoiserCall]) -> list[Timed]:
        ended = torch.cuda.Event(enable_timing=True)
        ended.record(torch.cuda.current_stream(self._device))
        self._running.append((calls, self._started, ended))
        timed: list[Timed] = []
        while self._running and self._running[0][2].query():
            group, begin, end = self._running.popleft()
            timed.append((group, begin.elapsed_time(end) / 1000))
        return timed


def build_stopwatch(modules: Mapping[str, torch.nn.Module]) -> Stopwatch:
    """The stopwatch for the device that the modules are on."""
    parameter = next((parameter for module in modules.values() for parameter in module.parameters()), None)
    if parameter is not None and parameter.device.type == "cuda":
        return CudaStopwatch(parameter.device)
    return HostStopwatch()
