"""The API counts tokens as the worker does: with what the worker has stored of its tokenizers, in every family."""

from __future__ import annotations

import pytest

from bench.tiny_families import FAMILIES
from core.artifacts.storage import bucket
from core.prompts.readers.known_readers import KnownReaders
from core.prompts.readers.read_texts import read_texts
from core.prompts.readers.reader import ModelReaders
from core.prompts.readers.stored_readers import find_readers
from core.prompts.token_reading import TokenReading
from infra.local import LocalStack
from tests.rendering.around_denoiser.conftest import Load, Loaded
from worker.rendering.modules.list_stages import list_stages
from worker.rendering.prompts import JobPrompts, PromptCache, ReaderStore, install_prompt_cache

_TEXTS = {
    "short": "a Red mug, 🦊 à côté",
    "long": "A Big red Mug, " * 12 + "The End",
    "very long": "A Big red Mug, " * 250 + "The End",
}


#: CLIP alone, CLIP and T5, T5 alone, and a language model with a template; the others take another minute.
_QUICK = ("picturebook", "flux-dev", "pixart", "qwen-image")


@pytest.mark.parametrize(
    "family", [*_QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in sorted(set(FAMILIES) - set(_QUICK)))]
)
def test_what_the_api_counts_is_what_the_worker_reports(servers: LocalStack, load: Load, family: str) -> None:
    """Tokens, what is read, limits, chunks and places, of prompts that the worker had not read when it stored its readers."""
    loaded = load(family)
    store = ReaderStore()
    _store(store, loaded, _draw(loaded, "a blue bowl"), prompt="a blue bowl")
    known = KnownReaders()
    model = known.find(family, "1")
    assert isinstance(model, ModelReaders)
    assert {reader.tokenizer for reader in model.readers} == {
        name for name in loaded.pipeline.config if "tokenizer" in name
    }

    for text in _TEXTS.values():
        by_worker = {_show(reading) for reading in _draw(loaded, text).readings if reading.text == text}
        by_api = {_show(reading) for reading in read_texts([text, "blurry"], model, known) if reading.text == text}
        assert by_api == by_worker


def test_a_model_is_stored_once_and_again_when_it_reads_otherwise(servers: LocalStack, load: Load) -> None:
    """By any number of processes; a request that changes the limit is no example."""
    loaded = load("flux-dev")
    prompts = _draw(loaded, "a mug")
    for _ in range(2):
        _store(ReaderStore(), loaded, prompts, prompt="a mug", model_id="once")
    key = "tokenizers/1/once/1.json"
    [(_, written_at)] = list(bucket().list_objects(key))

    _store(ReaderStore(), loaded, prompts, prompt="a mug", model_id="once")
    assert list(bucket().list_objects(key)) == [(key, written_at)]

    store = ReaderStore()
    request = {"prompt": "a mug", "max_sequence_length": 64}
    store.store_soon([loaded.pipeline], prompts, request, model_id="unusual", revision="1")
    assert store.is_idle(timeout=30)
    assert find_readers(bucket(), model_id="unusual", revision="1") is None


def test_without_a_store_no_job_fails(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store that does not take the tokenizers is asked again with a later job."""
    loaded = load("sd15")
    store = ReaderStore()

    def refuse() -> None:
        raise OSError("no store")

    monkeypatch.setattr("worker.rendering.prompts.reader_store.bucket", refuse)
    for _ in range(2):
        store.store_soon([loaded.pipeline], _draw(loaded, "a mug"), {"prompt": "a mug"}, model_id="none", revision="1")
        assert store.is_idle(timeout=30)
        assert not store.has_stored("none", "1")


def _draw(loaded: Loaded, prompt: str) -> JobPrompts:
    pipeline = loaded.take_copy()
    prompts = install_prompt_cache(pipeline, PromptCache(), model_id=loaded.family.id, stages=list_stages(pipeline))
    loaded.draw(pipeline, prompt)
    return prompts


def _store(
    store: ReaderStore, loaded: Loaded, prompts: JobPrompts, *, prompt: str, model_id: str | None = None
) -> None:
    pipelines = [loaded.pipeline, *list_stages(loaded.pipeline)]
    model = model_id or loaded.family.id
    store.store_soon(pipelines, prompts, {"prompt": prompt}, model_id=model, revision="1")
    assert store.is_idle(timeout=30)
    assert store.has_stored(model, "1")


def _show(reading: TokenReading) -> tuple[object, ...]:
    return (
        *(reading.tokenizer, reading.tokens, reading.read, reading.limit),
        *(reading.chunks, reading.chunk_tokens, reading.spans),
    )
