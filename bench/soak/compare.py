"""The soak as Darkroom claims, beside the same soak first-come-first-served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.soak.models import MODELS, build_models
from bench.soak.run import Figures
from infra.local import LocalStack

#: Seconds; the default of AFFINITY_MAX_WAIT_SECONDS.
BOUND_SECONDS = 30.0


@dataclass(frozen=True)
class Soaks:
    """Two soaks of the same jobs."""

    by_affinity: Figures
    first_come: Figures

    @property
    def saved_loads(self) -> float:
        """How many times more models are loaded first-come-first-served."""
        return self.first_come.model_loads / self.by_affinity.model_loads

    @property
    def memory_growth(self) -> float:
        """Growth of the mean memory from the second quarter of the jobs to the last: 0.01 is one per cent."""
        return self.by_affinity.memory_mb[3] / self.by_affinity.memory_mb[1] - 1


def compare(jobs: int) -> Soaks:
    """Run both, one after the other, each on empty servers of its own."""
    with tempfile.TemporaryDirectory(prefix="darkroom-soak-") as folder:
        budget = build_models(Path(folder))
        return Soaks(
            by_affinity=_soak(Path(folder), jobs, budget, bound_seconds=BOUND_SECONDS),
            first_come=_soak(Path(folder), jobs, budget, bound_seconds=0.0),
        )


def _soak(folder: Path, jobs: int, budget: int, *, bound_seconds: float) -> Figures:
    with _servers() as stack:
        settings = {
            "MODELS_FILE": str(folder / "models.toml"),
            "DEFAULT_MODEL": MODELS[0],
            "MODEL_CACHE_BYTES": str(budget),
            "AFFINITY_MAX_WAIT_SECONDS": str(bound_seconds),
            "RENDER_DEVICE": "cpu",
            "LOG_LEVEL": "error",
            # Several models' threads run at once; more of OpenMP's would only wait for each other.
            "OMP_NUM_THREADS": "1",
        }
        finished = subprocess.run(
            [sys.executable, "-m", "bench.soak.run", str(jobs)],
            env={**os.environ, **stack.environment, **settings},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return Figures(**json.loads(finished.stdout.splitlines()[-1]))


@contextmanager
def _servers() -> Iterator[LocalStack]:
    with LocalStack(only=("database", "redis", "storage")) as stack:
        yield stack
