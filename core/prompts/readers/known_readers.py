"""The tokenizers that a process has read from the bucket: a bounded number of bytes, least recently used out first."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import structlog
from tokenizers import Tokenizer

from core.artifacts.storage import bucket_in_a_hurry
from core.errors import StorageUnavailable
from core.logs import describe_error
from core.prompts.readers.reader import ModelReaders
from core.prompts.readers.stored_readers import find_readers, get_tokenizer_json

#: Of tokenizers as JSON, which take a few times that in memory: CLIP's has 3.5 MB, T5's 2.4 MB, those of language models 7 to 33 MB.
_MOST_BYTES = 48 * 1024 * 1024

#: Models whose readers are remembered.
_MOST_MODELS = 500

#: Seconds for which an answer of the store is believed: one that has it, and one that does not.
_FOUND_SECONDS = 300.0
_ABSENT_SECONDS = 5.0

WhyUnknown = Literal["not_loaded_yet", "store_unavailable"]

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Asked:
    """What the store answered, and until when that is believed, on the clock of `time.monotonic`."""

    readers: ModelReaders | WhyUnknown
    until: float


@dataclass
class KnownReaders:
    """Safe to use from several threads."""

    most_bytes: int = _MOST_BYTES
    _asked: OrderedDict[tuple[str, str], _Asked] = field(default_factory=OrderedDict)
    #: By sha256, each with its size.
    _tokenizers: OrderedDict[str, tuple[Tokenizer, int]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    #: Held while a tokenizer is read: threads that want the same one wait for the first.
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def find(self, model_id: str, revision: str) -> ModelReaders | WhyUnknown:
        """How the model reads, or why that is not known."""
        key = (model_id, revision)
        with self._lock:
            asked = self._asked.get(key)
        if asked is None or asked.until < time.monotonic():
            readers = self._ask(model_id, revision)
            seconds = _FOUND_SECONDS if isinstance(readers, ModelReaders) else _ABSENT_SECONDS
            asked = _Asked(readers, time.monotonic() + seconds)
            with self._lock:
                self._asked[key] = asked
                self._asked.move_to_end(key)
                if len(self._asked) > _MOST_MODELS:
                    self._asked.popitem(last=False)
        return asked.readers

    def get_tokenizer(self, sha256: str) -> Tokenizer | None:
        """The tokenizer; None if the store does not have it or does not answer."""
        found = self._find_tokenizer(sha256)
        if found is not None:
            return found
        with self._reading:
            found = self._find_tokenizer(sha256)
            return self._read_tokenizer(sha256) if found is None else found

    def _ask(self, model_id: str, revision: str) -> ModelReaders | WhyUnknown:
        try:
            return find_readers(bucket_in_a_hurry(), model_id=model_id, revision=revision) or "not_loaded_yet"
        except StorageUnavailable as error:
            _log.warning("tokenizers_not_read", model=model_id, error=describe_error(error))
            return "store_unavailable"

    def _find_tokenizer(self, sha256: str) -> Tokenizer | None:
        with self._lock:
            if sha256 not in self._tokenizers:
                return None
            self._tokenizers.move_to_end(sha256)
            return self._tokenizers[sha256][0]

    def _read_tokenizer(self, sha256: str) -> Tokenizer | None:
        try:
            json = get_tokenizer_json(bucket_in_a_hurry(), sha256)
            tokenizer = Tokenizer.from_str(json.decode())
        except Exception as error:  # noqa: BLE001  (the library raises plain exceptions, and a report does without the tokens)
            _log.warning("tokenizer_not_read", sha256=sha256, error=describe_error(error))
            return None
        # They are stored as the pipeline used them last.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        with self._lock:
            self._tokenizers[sha256] = (tokenizer, len(json))
            while len(self._tokenizers) > 1 and sum(size for _, size in self._tokenizers.values()) > self.most_bytes:
                self._tokenizers.popitem(last=False)
        return tokenizer


@cache
def get_known_readers() -> KnownReaders:
    """Those of this process."""
    return KnownReaders()
