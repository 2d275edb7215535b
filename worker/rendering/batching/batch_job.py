"""One job's membership of a batch."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol

from worker.rendering.batching.digests import Digests

#: LoRA adapters that are active together, each with its scale, sorted by name.
AdapterSet = tuple[tuple[str, float], ...]


class EarlierCalls(Protocol):
    """Calls that an earlier attempt of the job has made, and a place to keep those of this one."""

    def find(self, module_name: str) -> Any | None:
        """The answer to the next call, when an earlier attempt has made it; else None."""

    def keep(self, module_name: str, answer: Any) -> None:
        """A call has been answered."""


class BatchJob:
    """What the batcher knows of a job: what its calls have in common, and whether others may wait for them.

    A job is in flight from its first call to its last: while it encodes its prompt or decodes its latents, nobody waits.
    """

    def __init__(self, *, adapters: AdapterSet = (), is_deterministic: bool = False) -> None:
        self.adapters = adapters
        #: Its calls run alone, so that its pixels are the same to the bit whatever else runs.
        self.is_deterministic = is_deterministic
        #: Set by a render that can be resumed.
        self.calls: EarlierCalls | None = None
        self.is_preparing = False
        #: Of what the engine's batches hold at best, the share that this job takes up; None before its first call.
        self.share: float | None = None
        #: Of its latest call: the next one is likely to have the same.
        self.last_key: Hashable = None
        self.last_rows = 0
        #: Rows of each forward that its calls were part of, and how long each took in seconds.
        self.batch_rows: list[int] = []
        self.forward_seconds: list[float] = []
        self.digests = Digests()
