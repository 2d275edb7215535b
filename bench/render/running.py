"""A system that is up, and what it serves of the traffic that it is given."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.process_tree import ProcessTree
from bench.render.jobs import Job
from bench.render.openmp import OpenMP, build_environment
from bench.render.serve.setting import Setting
from bench.render.systems import System, build_command
from bench.render.traffic import Served, Traffic
from bench.render.wire import read_answer, write_request

_REPOSITORY = Path(__file__).parents[2]
_SECONDS_TO_START = 180
_SECONDS_FOR_A_JOB = 900


@dataclass(frozen=True)
class Measurement:
    """The traffic that one system has served. Seconds."""

    served: list[Served]
    cpu_seconds: float

    @property
    def images_per_second(self) -> float:
        """Images a second, from the first job sent to the last one answered."""
        start = min(one.arrived for one in self.served)
        return len(self.served) / (max(one.finished for one in self.served) - start)

    @property
    def cpu_ms_per_image(self) -> float:
        """CPU milliseconds of the whole process tree for each image."""
        return self.cpu_seconds * 1000 / len(self.served)

    @property
    def latencies(self) -> list[float]:
        """Seconds from arrival to answer."""
        return [one.latency for one in self.served]


class RunningSystem:
    """A system in processes of its own. Paused except while it is measured."""

    def __init__(
        self, system: System, *, setting: Setting, openmp: OpenMP, logs: Path, checkout: Path = _REPOSITORY
    ) -> None:
        """`checkout` is the folder whose code runs."""
        self.system = system
        self.openmp: OpenMP = openmp
        self._port = _free_port()
        setting = replace(setting, port=self._port)
        environment = (
            dict(os.environ)
            | setting.to_environment()
            | build_environment(openmp, threads=setting.threads)
            | {
                "HF_HUB_OFFLINE": "1",
                "PYTHONWARNINGS": "ignore",
                "BENTOML_DO_NOT_TRACK": "True",
                "BENTOML_HOME": str(logs / "bentoml"),
            }
        )
        self.log = logs / f"{system.name}-{openmp}.log"
        self._tree = ProcessTree(
            build_command(system, port=self._port),
            environment=environment,
            log=self.log,
            speaks=system.wire == "pipe",
            folder=checkout,
        )

    def wait_until_ready(self) -> None:
        """Return once it serves. Raises RuntimeError if it ended or does not answer in time."""
        if self.system.wire == "pipe":
            _, answers = self._tree.pipes
            if not answers.readline():
                raise RuntimeError(f"{self.system.name} ended at its start: see {self.log}")
            return
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline:
            if self._tree.process.poll() is not None:
                raise RuntimeError(f"{self.system.name} ended at its start: see {self.log}")
            if self._is_healthy():
                return
            time.sleep(0.2)
        raise RuntimeError(f"{self.system.name} was not ready in {_SECONDS_TO_START} s: see {self.log}")

    def measure(self, traffic: Traffic) -> Measurement:
        """Run the traffic through the system while all the other systems are paused."""
        self._tree.resume()
        before = self._tree.cpu_seconds()
        served = self._run_over_pipe(traffic) if self.system.wire == "pipe" else traffic.run(self._render_over_http)
        after = self._tree.cpu_seconds()
        self._tree.pause()
        return Measurement(served, after - before)

    def pause(self) -> None:
        """Freeze it until the next measurement."""
        self._tree.pause()

    def stop(self) -> None:
        """End it with all its processes."""
        self._tree.stop()

    def _run_over_pipe(self, traffic: Traffic) -> list[Served]:
        requests, answers = self._tree.pipes
        print(json.dumps(traffic.to_json()), file=requests, flush=True)
        line = answers.readline()
        if not line:
            raise RuntimeError(f"{self.system.name} ended during a measurement: see {self.log}")
        return [Served.from_json(one) for one in json.loads(line)]

    def _render_over_http(self, job: Job) -> bytes:
        body = self._ask("POST", self.system.path, write_request(self.system.wire, job))
        return read_answer(self.system.wire, body)

    def _is_healthy(self) -> bool:
        try:
            self._ask("GET", self.system.health)
        except (OSError, http.client.HTTPException, RuntimeError):
            return False
        return True

    def _ask(self, method: str, path: str, body: Any = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_SECONDS_FOR_A_JOB)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise RuntimeError(f"{self.system.name} answered {response.status}: {answer[:200]!r}")
        return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
