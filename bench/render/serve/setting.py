"""The settings of a served system, passed in its environment: the peers' command lines take no options of ours."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "BENCH_"


@dataclass(frozen=True)
class Setting:
    """The same for every system of a run."""

    model: Path
    #: A torch device.
    device: str
    #: torch's intra-op threads.
    threads: int
    #: Most jobs of one call of the pipeline.
    max_batch: int
    #: Where a server listens, on the loopback address.
    port: int = 0

    def to_environment(self) -> dict[str, str]:
        """The variables of the child's environment."""
        return {
            f"{_PREFIX}MODEL": str(self.model),
            f"{_PREFIX}DEVICE": self.device,
            f"{_PREFIX}THREADS": str(self.threads),
            f"{_PREFIX}MAX_BATCH": str(self.max_batch),
            f"{_PREFIX}PORT": str(self.port),
        }


def read_setting() -> Setting:
    """The setting in this process's environment."""
    return Setting(
        model=Path(os.environ[f"{_PREFIX}MODEL"]),
        device=os.environ[f"{_PREFIX}DEVICE"],
        threads=int(os.environ[f"{_PREFIX}THREADS"]),
        max_batch=int(os.environ[f"{_PREFIX}MAX_BATCH"]),
        port=int(os.environ[f"{_PREFIX}PORT"]),
    )
