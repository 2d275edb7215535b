"""Two processes on one card: each sees what the other has, and both draw."""

from __future__ import annotations

import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch

from bench.gpu_check.device import device_of, free_bytes, synchronise
from bench.gpu_check.drawing import draw_alone
from bench.gpu_check.findings import Finding, Report, judge
from bench.gpu_check.models import KINDS, build_pipeline, load_engine
from bench.gpu_check.setting import Setting
from worker.rendering.models.budget import build_budget

#: The part of the free memory that the other worker takes, and on a CPU what it takes.
_TAKEN = 0.5
_TAKEN_ON_A_CPU = 256 * 2**20

_PICTURES = 4


def check_two_workers(setting: Setting, report: Report) -> None:
    """The first worker's budget before and after the second one has come, and the pictures of both at the same time."""
    # Forked, so that they end with this process; it has not touched the device.
    context = get_context("fork")
    pipes = [context.Pipe() for _ in range(2)]
    workers = [
        context.Process(target=run, args=(setting, pipe[1])) for run, pipe in zip((_first, _second), pipes, strict=True)
    ]
    for worker in workers:
        worker.start()
    (first, _), (second, _) = pipes

    before = _receive(first, setting)
    second.send("take")
    taken = _receive(second, setting)
    first.send("read")
    after = _receive(first, setting)
    for pipe in (first, second):
        pipe.send("draw")
    drawn = [_receive(pipe, setting) for pipe in (first, second)]
    for pipe in (first, second):
        pipe.send("end")

    measured = (
        f"{before / 2**20:.0f} MiB, then {after / 2**20:.0f} MiB: the other one has taken {taken / 2**20:.0f} MiB"
    )
    # Other processes of a machine take and release main memory all the time.
    falls = after < before - 0.6 * taken
    report(Finding("budget of the first worker", measured, judge(falls) if setting.is_cuda else judge(after <= before)))
    same = all(np.array_equal(one, other) for one, other in zip(*(pictures for pictures, _ in drawn), strict=True))
    seconds = [round(each, 3) for _, each in drawn]
    measured = f"{_PICTURES} each, equal: {'yes' if same else 'no'}; {seconds[0]} s and {seconds[1]} s"
    report(Finding("pictures of both at once", measured, judge(same), {"seconds": seconds}))
    for worker in workers:
        worker.join(5)


def _receive(pipe: Connection, setting: Setting) -> Any:
    if not pipe.poll(setting.seconds):
        raise TimeoutError("a worker did not answer")
    answer = pipe.recv()
    if isinstance(answer, str):
        raise RuntimeError(f"a worker failed: {answer}")  # noqa: TRY004  (the text is an error's)
    return answer


def _first(setting: Setting, pipe: Connection) -> None:
    """Answers its budget, twice, and draws."""
    try:
        budget = build_budget(device_of(setting), None)
        if setting.is_cuda:
            torch.zeros(1, device=device_of(setting))
        pipe.send(budget.read_bytes(0))
        pipe.recv()
        pipe.send(budget.read_bytes(0))
        _draw_when_asked(setting, pipe)
    except Exception as error:  # noqa: BLE001  (the other process reports it)
        pipe.send(f"{type(error).__name__}: {error}")


def _second(setting: Setting, pipe: Connection) -> None:
    """Takes memory, answers how much, and draws."""
    try:
        pipe.recv()
        free = free_bytes(setting)
        size = _TAKEN_ON_A_CPU if free is None else int(free * _TAKEN)
        held = torch.ones(size, dtype=torch.uint8, device=device_of(setting))
        synchronise(setting)
        pipe.send(held.numel())
        _draw_when_asked(setting, pipe)
    except Exception as error:  # noqa: BLE001  (the other process reports it)
        pipe.send(f"{type(error).__name__}: {error}")


def _draw_when_asked(setting: Setting, pipe: Connection) -> None:
    pipe.recv()
    kind = KINDS["sdxl"]
    pipeline = build_pipeline(kind, device_of(setting), torch.float32, is_tiny=True)
    model = load_engine(pipeline, kind, device_of(setting), torch.float32)
    request = kind.request(is_tiny=True)
    draw_alone(model, request)
    started = time.perf_counter()
    pictures = [draw_alone(model, request, seed).pixels for seed in range(_PICTURES)]
    pipe.send((pictures, time.perf_counter() - started))
    pipe.recv()
