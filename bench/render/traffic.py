"""The load generator: a closed loop of clients, or an open loop of arrivals."""

from __future__ import annotations

import base64
import itertools
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.render.jobs import Job

#: Renders one job and returns the PNG. Called from many threads at once.
Render = Callable[[Job], bytes]


@dataclass(frozen=True)
class Served:
    """One served job. Seconds since the traffic began."""

    #: Open loop: when it was due, even if the client was late. Closed loop: when its client sent it.
    arrived: float
    finished: float
    png: bytes

    @property
    def latency(self) -> float:
        """Seconds."""
        return self.finished - self.arrived

    def to_json(self) -> dict[str, Any]:
        """What goes over a pipe."""
        return {"arrived": self.arrived, "finished": self.finished, "png": base64.b64encode(self.png).decode()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Served:
        """What came over a pipe."""
        return cls(data["arrived"], data["finished"], base64.b64decode(data["png"]))


@dataclass(frozen=True)
class Traffic:
    """Jobs and how they are sent: by `concurrency` clients, or at `arrivals` (seconds from the start)."""

    jobs: Sequence[Job]
    concurrency: int | None = None
    arrivals: Sequence[float] | None = None

    def run(self, render: Render) -> list[Served]:
        """Render every job. Raises RuntimeError if one was not rendered."""
        if self.arrivals is not None:
            return run_open_loop(render, self.jobs, arrivals=self.arrivals)
        return run_closed_loop(render, self.jobs, concurrency=self.concurrency or 1)

    def to_json(self) -> dict[str, Any]:
        """What goes over a pipe."""
        return {
            "jobs": [job.to_json() for job in self.jobs],
            "concurrency": self.concurrency,
            "arrivals": self.arrivals,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Traffic:
        """What came over a pipe."""
        return cls([Job(**job) for job in data["jobs"]], data["concurrency"], data["arrivals"])


def run_closed_loop(render: Render, jobs: Sequence[Job], *, concurrency: int) -> list[Served]:
    """Run `concurrency` clients, each with one job at a time, until all are rendered. In the jobs' order."""
    start = time.perf_counter()
    served: list[Served | BaseException | None] = [None] * len(jobs)
    positions = iter(range(len(jobs)))
    taking = threading.Lock()

    def serve_client() -> None:
        while True:
            with taking:
                position = next(positions, None)
            if position is None:
                return
            served[position] = _serve(render, jobs[position], start=start, arrived=time.perf_counter() - start)

    clients = [threading.Thread(target=serve_client) for _ in range(min(concurrency, len(jobs)))]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return _all_served(served)


def run_open_loop(render: Render, jobs: Sequence[Job], *, arrivals: Sequence[float]) -> list[Served]:
    """Send each job at its moment (seconds from now), however many are being rendered. Returns them in the jobs' order."""
    start = time.perf_counter()
    served: list[Served | BaseException | None] = [None] * len(jobs)

    def serve_arrival(position: int) -> None:
        served[position] = _serve(render, jobs[position], start=start, arrived=arrivals[position])

    clients = []
    for position, arrival in enumerate(arrivals):
        time.sleep(max(0.0, start + arrival - time.perf_counter()))
        clients.append(threading.Thread(target=serve_arrival, args=(position,)))
        clients[-1].start()
    for client in clients:
        client.join()
    return _all_served(served)


def poisson_arrivals(count: int, *, rate: float, seed: int) -> list[float]:
    """`count` moments, in seconds from 0, of a Poisson process of `rate` jobs a second; the same for the same seed."""
    lot = random.Random(f"arrivals {seed}")
    return list(itertools.accumulate(lot.expovariate(rate) for _ in range(count)))


def _serve(render: Render, job: Job, *, start: float, arrived: float) -> Served | BaseException:
    try:
        png = render(job)
    except Exception as error:  # noqa: BLE001  (raised when all clients have ended: the measurement does not count then)
        return error
    return Served(arrived=arrived, finished=time.perf_counter() - start, png=png)


def _all_served(answers: Sequence[Served | BaseException | None]) -> list[Served]:
    served = [answer for answer in answers if isinstance(answer, Served)]
    if len(served) < len(answers):
        error = next((answer for answer in answers if isinstance(answer, BaseException)), None)
        raise RuntimeError(f"{len(answers) - len(served)} jobs of the measurement were not rendered") from error
    return served
