"""The systems that are compared, and their set-ups."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Literal

Wire = Literal["pipe", "job", "job-field", "list"]


@dataclass(frozen=True)
class System:
    """One way to serve a diffusers pipeline."""

    name: str
    #: The letter that stands for it in the tables.
    letter: str
    title: str
    #: One sentence for the table: what was set, and why that is fair.
    set_up: str
    #: Arguments of Python.
    command: tuple[str, ...]
    #: How it gets its traffic: `pipe` in process; else by a POST of the job, of `{"job": …}`, or of `{"jobs": […]}`.
    wire: Wire = "pipe"
    #: Path of the POST.
    path: str = ""
    #: Path that answers 200 once the model is loaded.
    health: str = ""
    #: Whether it puts jobs with equal parameters into one call.
    static_batching: bool = False
    #: Darkroom's own.
    ours: bool = False
    #: Concurrencies at which it is measured, or empty for all. A system that cannot batch performs the same at each.
    only_concurrencies: tuple[int, ...] = field(default=())


_IN_PROCESS = ("-m", "bench.render.serve.in_process")
_LITSERVE = ("-m", "bench.render.serve.litserve_server")
_BENTOML = ("-m", "bentoml", "serve", "--host", "127.0.0.1", "--port", "{port}")

SYSTEMS = (
    System(
        name="loop",
        letter="a",
        title="pipeline in a loop",
        set_up="one thread calls the pipeline for one job after the other, in process",
        command=(*_IN_PROCESS, "loop"),
        only_concurrencies=(1, 8),
    ),
    System(
        name="static",
        letter="b",
        title="static batching",
        set_up="in process: the job that waited longest and all waiting jobs of equal parameters share a call; a job "
        "that finds nobody waiting waits 20 ms for company; each group is answered when it is done",
        command=(*_IN_PROCESS, "static"),
        static_batching=True,
    ),
    System(
        name="engine",
        letter="c",
        title="Darkroom's engine",
        set_up="in process: worker.rendering, a thread for each job in flight, batched at every step; on a CPU all cores "
        "for a job alone, and as many forwards side by side as there are cores for several",
        command=(*_IN_PROCESS, "engine"),
        ours=True,
    ),
    System(
        name="engine-one",
        letter="c",
        title="Darkroom's engine, CPU_FORWARDS=1",
        set_up="the same with all cores for one forward at a time, however many jobs there are",
        command=(*_IN_PROCESS, "engine-one"),
        ours=True,
        only_concurrencies=(1, 8),
    ),
    System(
        name="engine-http",
        letter="c'",
        title="Darkroom's engine, HTTP",
        set_up="the same engine behind Python's own threading HTTP server: what HTTP costs",
        command=("-m", "bench.render.serve.engine_server"),
        wire="job",
        path="/render",
        health="/health",
        ours=True,
        only_concurrencies=(1, 8),
    ),
    System(
        name="litserve",
        letter="d",
        title="LitServe, documented",
        set_up="LitAPI with setup and predict, one worker, no batching (its default), timeout raised to 900 s",
        command=_LITSERVE,
        wire="job",
        path="/predict",
        health="/health",
        only_concurrencies=(8,),
    ),
    System(
        name="litserve-grouped",
        letter="d",
        title="LitServe, grouped",
        set_up="its batching (max_batch_size as for (b), batch_timeout 20 ms), jobs of equal parameters in a call",
        command=(*_LITSERVE, "--grouped"),
        wire="job",
        path="/predict",
        health="/health",
        static_batching=True,
    ),
    System(
        name="bentoml",
        letter="d",
        title="BentoML, documented",
        set_up="a service with one worker and a synchronous API, no batching (its default), timeout raised to 900 s",
        command=(*_BENTOML, "bench.render.serve.bentoml_one:Renderer"),
        wire="job-field",
        path="/render",
        health="/readyz",
        only_concurrencies=(8,),
    ),
    System(
        name="bentoml-grouped",
        letter="d",
        title="BentoML, grouped",
        set_up="its adaptive batching (batchable API, max_batch_size as for (b)), trained by the warm-up; jobs of "
        "equal parameters in a call; clients send lists of one, which saves the wrapper service's hop",
        command=(*_BENTOML, "bench.render.serve.bentoml_grouped:Renderer"),
        wire="list",
        path="/render",
        health="/readyz",
        static_batching=True,
    ),
)


def get_system(name: str) -> System:
    """The system of this name. Raises KeyError if there is none."""
    return {system.name: system for system in SYSTEMS}[name]


def build_command(system: System, *, port: int) -> list[str]:
    """The command that serves the system, run by this interpreter."""
    return [sys.executable, *(argument.format(port=port) for argument in system.command)]
