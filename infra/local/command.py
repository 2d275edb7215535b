"""What a part runs: the program, its user, and how it ends with the supervisor."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

_DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")


@dataclass(frozen=True)
class Identity:
    """The user of a process: the caller, one that it only sees itself as, or (root only) another one. See die_with_parent.py."""

    kind: Literal["same", "mapped", "other"] = "same"
    uid: int = 0
    gid: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.uid}:{self.gid}"


@dataclass(frozen=True)
class Command:
    """What a part runs, and the signals that end it."""

    arguments: Sequence[str]
    folder: Path
    #: Added to the environment that the parts inherit.
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    #: What the kernel sends it if the supervisor dies.
    orphan_signal: signal.Signals = signal.SIGKILL
    identity: Identity = field(default_factory=Identity)


def bind_to_parent(orphan_signal: signal.Signals, identity: Identity | None = None) -> list[str]:
    """The words to put before a command, so that it ends with this process and runs as this identity."""
    who = str(identity or Identity())
    return [sys.executable, "-I", "-S", str(_DIE_WITH_PARENT), str(os.getpid()), str(int(orphan_signal)), who]
