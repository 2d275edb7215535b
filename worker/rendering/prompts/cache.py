"""The cache of encoded prompts: limited in bytes, least recently used evicted first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from core.metrics import PROMPT_CACHE_BYTES
from worker.rendering.prompts.tensors import count_bytes, take_copy
from worker.rendering.prompts.tokens import Reading

#: About sixty prompts of the largest text encoders, or a thousand of CLIP's, in the host's memory.
_DEFAULT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class EncodedPrompt:
    """The result of an `encode_prompt`, and what its tokenizers read for it."""

    #: As returned: a tensor, or tuples and lists of tensors.
    output: Any
    readings: tuple[Reading, ...]


class PromptCache:
    """The encoded prompts of all models of a process. Safe to use from several threads.

    They are kept in the host's memory, so that the device's is free for models; a hit copies a few megabytes at most.
    """

    def __init__(self, *, max_bytes: int = _DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[Hashable, tuple[EncodedPrompt, int]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> EncodedPrompt | None:
        """The entry or None. Its tensors are copies on the device where they were encoded; changing them is safe."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            entry, _ = self._entries[key]
        return EncodedPrompt(take_copy(entry.output), entry.readings)

    def store(self, key: Hashable, encoded: EncodedPrompt) -> None:
        """Keep a copy, and evict the least recently used entries if the cache is full."""
        entry = EncodedPrompt(take_copy(encoded.output, to_host=True), encoded.readings)
        size = count_bytes(entry.output)
        if size > self._max_bytes:
            return
        with self._lock:
            self._forget(key)
            self._entries[key] = (entry, size)
            self._bytes += size
            while self._bytes > self._max_bytes:
                self._forget(next(iter(self._entries)))
            PROMPT_CACHE_BYTES.set(self._bytes)

    @property
    def count(self) -> int:
        """The number of entries."""
        return len(self._entries)

    @property
    def used_bytes(self) -> int:
        """Bytes of the entries' tensors."""
        return self._bytes

    def _forget(self, key: Hashable) -> None:
        _, size = self._entries.pop(key, (None, 0))
        self._bytes -= size
