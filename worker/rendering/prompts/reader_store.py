"""Store how a model reads a prompt, with its tokenizers, so that the API counts tokens as this worker does."""

from __future__ import annotations

import hashlib
import inspect
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from core.artifacts.storage import bucket
from core.logs import describe_error
from core.prompts.readers.reader import ModelReaders, Reader
from core.prompts.readers.stored_readers import store_readers
from worker.rendering.prompts.component_locks import locked_components
from worker.rendering.prompts.report import JobPrompts
from worker.rendering.prompts.tokens import Reading

#: Parameters of a request that change how much of a prompt is read, or what stands around it.
_CHANGES_READING = ("max_sequence_length", "system_prompt")

_log = structlog.get_logger()


class ReaderStore:
    """Stores each model's readers once, from the first of its jobs that shows them. Safe to use from several threads.

    What a pipeline does around its tokenizers (templates, limits, chunks) is not written in its files: it is seen when it
    encodes. A failure is logged and tried again with a later job; it concerns no job.
    """

    def __init__(self) -> None:
        #: Models that are stored, and those that are being stored.
        self._done: set[tuple[str, str]] = set()
        self._running: set[tuple[str, str]] = set()
        self._changed = threading.Condition()

    def store_soon(
        self, pipelines: Sequence[Any], prompts: JobPrompts, request: Mapping[str, Any], *, model_id: str, revision: str
    ) -> None:
        """Store how the model's pipelines (one, or that and its stages) have read the prompt of this request, unless this
        process has done so for this revision. Returns at once.
        """
        model = (model_id, revision)
        readings = [reading for reading in prompts.readings if reading.text == request.get("prompt")]
        if not readings or model in self._done or not _is_usual(pipelines[0], request):
            return
        with self._changed:
            if model in self._done | self._running:
                return
            self._running.add(model)
        tokenizers = {name: _find_tokenizer(pipelines, name) for name in {reading.tokenizer for reading in readings}}
        lowers = any(hasattr(pipeline, "_text_preprocessing") for pipeline in pipelines)
        threading.Thread(
            target=self._store,
            args=(model, readings, tokenizers),
            kwargs={"lowers": lowers},
            name="readers",
            daemon=True,
        ).start()

    def has_stored(self, model_id: str, revision: str) -> bool:
        """Whether this process has stored the model's readers, or found them there."""
        return (model_id, revision) in self._done

    def is_idle(self, *, timeout: float) -> bool:
        """Whether nothing is being stored, at the latest after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, timeout)

    def _store(
        self, model: tuple[str, str], readings: Sequence[Reading], tokenizers: Mapping[str, Any], *, lowers: bool
    ) -> None:
        model_id, revision = model
        try:
            written = {name: _write_json(tokenizer) for name, tokenizer in tokenizers.items()}
            readers = [_build_reader(reading, written[reading.tokenizer], lowers=lowers) for reading in readings]
            is_new = store_readers(
                bucket(),
                ModelReaders(readers=tuple(sorted(dict.fromkeys(readers), key=lambda each: each.tokenizer))),
                model_id=model_id,
                revision=revision,
                tokenizers={_name_json(json): json for json in written.values() if json is not None},
            )
        except Exception as error:  # noqa: BLE001  (whatever it is, no job may fail by it)
            _log.warning("tokenizers_not_stored", model=model_id, error=describe_error(error))
        else:
            self._done.add(model)
            if is_new:
                _log.info("tokenizers_stored", model=model_id)
        finally:
            with self._changed:
                self._running.discard(model)
                self._changed.notify_all()


def _is_usual(pipeline: Any, request: Mapping[str, Any]) -> bool:
    """Whether the request leaves the pipeline to read as it does by default."""
    accepted = inspect.signature(type(pipeline).__call__).parameters
    return all(
        request.get(name) is None or (name in accepted and request[name] == accepted[name].default)
        for name in _CHANGES_READING
    )


def _find_tokenizer(pipelines: Sequence[Any], name: str) -> Any:
    for pipeline in pipelines:
        found = getattr(pipeline, name, None)
        if found is not None:
            return getattr(found, "tokenizer", found)  # of a processor
    return None


def _write_json(tokenizer: Any) -> bytes | None:
    """The tokenizer in the format of the `tokenizers` library; None for one that is of another kind."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    with locked_components([tokenizer]):
        written: str = backend.to_str()
    return written.encode()


def _name_json(json: bytes) -> str:
    return hashlib.sha256(json).hexdigest()


def _build_reader(reading: Reading, json: bytes | None, *, lowers: bool) -> Reader:
    return Reader(
        tokenizer=reading.tokenizer,
        sha256=None if json is None else _name_json(json),
        before=reading.before,
        after=reading.after,
        lowers=lowers,
        limit=reading.text_limit,
        chunk_tokens=reading.chunk_tokens,
    )
