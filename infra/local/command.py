"""What a part runs: the program, as whom, and how it ends with the supervisor."""

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
    """Whom a process runs as: the caller, a user it only believes to be, or (root only) another one. See die_with_parent.py."""

    kind: Literal["same", "mapped", "other"] = "same"
    uid: int = 0
    gid: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.uid}:{self.gid}"


@dataclass(frozen=True)
class Command:
    """What a part runs, and how it is told to end."""

    arguments: Sequence[str]
    folder: Path
    #: Added to what the parts inherit.
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    #: What the kernel sends it when the supervisor is gone without a word.
    orphan_signal: signal.Signals = signal.SIGKILL
    identity: Identity = field(default_factory=Identity)


def bind_to_parent(orphan_signal: signal.Signals, identity: Identity | None = None) -> list[str]:
    """What to write before a command so that it ends with this process, and runs as it should."""
    who = str(identity or Identity())
    return [sys.executable, "-I", "-S", str(_DIE_WITH_PARENT), str(os.getpid()), str(int(orphan_signal)), who]
