"""A job as the batcher sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, Protocol

from worker.rendering.batching.digests import Digests
from worker.rendering.batching.stopwatch import Lap

#: LoRA adapters that are active together, each with its scale, sorted by name.
AdapterSet = tuple[tuple[str, float], ...]


class EarlierCalls(Protocol):
    """The calls that an earlier attempt of the job has made, and those that this one makes."""

    def find(self, module_name: str) -> Any | None:
        """The answer to the next call, if an earlier attempt has made it, else None."""

    def keep(self, module_name: str, answer: Any) -> None:
        """Keep the answer of a call."""


class BatchJob:
    """What the batcher knows about a job: what its calls have in common, and whether other jobs may wait for them.

    A job is in flight from its first call to its last. While it encodes its prompt or decodes its latents, no job waits for
    it.
    """

    def __init__(self, *, adapters: AdapterSet = (), goes_alone: bool = False) -> None:
        self.adapters = adapters
        #: Its calls run alone, so that its pixels are the same bit for bit, whatever else runs.
        self.goes_alone = goes_alone
        #: Its calls run alone, so that what may have ended its earlier attempt ends no other job.
        self.is_alone = False
        #: Set by a render that can be resumed.
        self.calls: EarlierCalls | None = None
        self.is_preparing = False
        #: The job's share of the engine's largest useful batch; None before its first call.
        self.share: float | None = None
        #: The key and the rows of its latest call: the next one is likely to have the same.
        self.last_key: Hashable = None
        self.last_rows = 0
        #: The rows of each forward that its calls were part of, and its time.
        self.batch_rows: list[int] = []
        self.laps: list[Lap] = []
        #: The calls of models that are not batched, by the model's name in the pipeline.
        self.calls_apart: Counter[str] = Counter()
        self.digests = Digests()

    @property
    def forward_seconds(self) -> list[float]:
        """The seconds of each of those forwards. Waits for the device while it works on one of them: after the job's
        pictures have been read from it, it does not.
        """
        return [lap.wait() for lap in self.laps]

    def forget_calls(self) -> None:
        """It makes no more calls: let go of what they were compared by."""
        self.calls = None
        self.last_key = None
        self.digests = Digests()
