"""Measure how long forwards take on their device, without making it wait."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Protocol

import torch

#: The number of forwards that a GPU may have queued while the next one is prepared: enough to keep it busy, and few enough
#: that jobs which arrive now still join the next one.
_AHEAD = 1


class Lap(Protocol):
    """The time of one forward, which the device may still be working on."""

    def read(self) -> float | None:
        """The seconds that the forward took; None as long as it runs."""

    def wait(self) -> float:
        """The same, after waiting for its end."""


class Stopwatch(Protocol):
    """Times forwards, one after the other."""

    def start(self) -> None:
        """A forward starts."""

    def stop(self) -> Lap:
        """The forward has been given to the device."""


class HostLap:
    """A forward that has ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def read(self) -> float:
        return self._seconds

    def wait(self) -> float:
        return self._seconds


class HostStopwatch:
    """For a CPU, which has finished when the call returns."""

    def __init__(self) -> None:
        self._started_at = 0.0

    def start(self) -> None:
        self._started_at = time.monotonic()

    def stop(self) -> Lap:
        return HostLap(time.monotonic() - self._started_at)


class CudaLap:
    """A forward between two events on a GPU's stream."""

    def __init__(self, begin: torch.cuda.Event, end: torch.cuda.Event) -> None:
        self._begin = begin
        self._end = end

    def read(self) -> float | None:
        return self.wait() if self._end.query() else None

    def wait(self) -> float:
        self._end.synchronize()
        return float(self._begin.elapsed_time(self._end)) / 1000


class CudaStopwatch:
    """For a GPU, which works while the next forward is prepared: events on its stream measure the time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._running: deque[CudaLap] = deque()
        self._started = torch.cuda.Event(enable_timing=True)

    def start(self) -> None:
        while self._running and self._running[0].read() is not None:
            self._running.popleft()
        if len(self._running) > _AHEAD:
            self._running[0].wait()
        self._started = torch.cuda.Event(enable_timing=True)
        self._started.record(torch.cuda.current_stream(self._device))

    def stop(self) -> Lap:
        ended = torch.cuda.Event(enable_timing=True)
        ended.record(torch.cuda.current_stream(self._device))
        lap = CudaLap(self._started, ended)
        self._running.append(lap)
        return lap


def build_stopwatch(modules: Mapping[str, torch.nn.Module]) -> Stopwatch:
    """The stopwatch for the device that the modules are on."""
    parameter = next((parameter for module in modules.values() for parameter in module.parameters()), None)
    if parameter is not None and parameter.device.type == "cuda":
        return CudaStopwatch(parameter.device)
    return HostStopwatch()
