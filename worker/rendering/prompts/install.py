"""Install the prompt cache on a job's pipeline."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from core.metrics import PROMPT_CACHE_HITS, PROMPT_CACHE_MISSES
from worker.rendering.cores import get_cores
from worker.rendering.prompts.cache import EncodedPrompt, PromptCache
from worker.rendering.prompts.component_locks import locked_components
from worker.rendering.prompts.encode import encode, list_reading_components
from worker.rendering.prompts.key import NotComparable, freeze_arguments
from worker.rendering.prompts.report import JobPrompts


def install_prompt_cache(
    pipeline: Any,
    cache: PromptCache,
    *,
    model_id: str,
    adapters: Hashable = (),
    while_encoding: Callable[[], AbstractContextManager[Any]] = nullcontext,
    stages: Sequence[Any] = (),
) -> JobPrompts:
    """Let this pipeline object (a job's copy) encode through the cache. Returns the job's prompts, filled as it encodes.

    `encode_prompt` (and every method whose name begins so) then returns what the pipeline's own returns, bit for bit, except
    for prompts that are too long for CLIP (see `encode`). `adapters` identifies everything besides the arguments that
    changes the text encoders' output; `while_encoding` is entered around each encoding that runs, while no other job uses
    the encoders, to put the adapters in and take them out again. A pipeline without an `encode_prompt` stays as it is.
    `stages`, the pipelines inside, encode through the cache as well: the later ones read the prompt when another job may be
    reading its own.
    """
    prompts = JobPrompts()

    def install(reader: Any, name: str) -> None:
        _install(reader, name, prompts, cache, model_id=model_id, adapters=adapters, while_encoding=while_encoding)

    for reader in (pipeline, *stages):
        names = [name for name in dir(type(reader)) if name.startswith("encode_prompt")]
        # The older stages have it by the second name only.
        for name in names or ["_encode_prompt"] * (reader is not pipeline):
            install(reader, name)
    return prompts


def _install(
    pipeline: Any,
    name: str,
    prompts: JobPrompts,
    cache: PromptCache,
    *,
    model_id: str,
    adapters: Hashable,
    while_encoding: Callable[[], AbstractContextManager[Any]],
) -> None:
    function = getattr(type(pipeline), name, None)
    if function is None:
        return
    signature = inspect.signature(function)

    def encode_prompt(*positional: Any, **named: Any) -> Any:
        bound = signature.bind(pipeline, *positional, **named)
        bound.apply_defaults()
        _, *names = bound.arguments
        arguments = {name: bound.arguments[name] for name in names if bound.arguments[name] is not None}

        def encode_now() -> EncodedPrompt:
            # With the same number of threads, however many jobs are drawn: what is kept serves every other job, too.
            with get_cores().working(everything=True):
                return encode(pipeline, lambda recorder: function(recorder, *positional, **named), arguments)

        try:
            # Before the call, because some pipelines write into the lists that they are given.
            key = (model_id, function.__qualname__, adapters, freeze_arguments(arguments))
        except NotComparable:
            with locked_components(list_reading_components(pipeline)), while_encoding():
                return prompts.add(encode_now())

        found = cache.find(key)
        if found is None:
            with locked_components(list_reading_components(pipeline)):
                # Another job may have encoded the same prompt while this one waited.
                found = cache.find(key)
                if found is None:
                    PROMPT_CACHE_MISSES.labels(model_id).inc()
                    with while_encoding():
                        encoded = encode_now()
                    cache.store(key, encoded)
                    return prompts.add(encoded)
        PROMPT_CACHE_HITS.labels(model_id).inc()
        return prompts.add(found)

    setattr(pipeline, name, encode_prompt)
