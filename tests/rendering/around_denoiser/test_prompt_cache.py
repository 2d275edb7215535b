"""The prompt cache: it returns what the pipeline's own encoder returns, and a prompt is encoded once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import torch
from diffusers import DiffusionPipeline
from prometheus_client import Counter
from torch import Tensor

from bench.tiny_families import FAMILIES
from core.metrics import PROMPT_CACHE_HITS, PROMPT_CACHE_MISSES
from tests.rendering.around_denoiser.conftest import Load, Loaded
from tests.rendering.quick import SAMPLE, few_quick
from worker.rendering.prompts import PromptCache, install_prompt_cache


@pytest.mark.parametrize("family", few_quick(FAMILIES, {*SAMPLE, "sdxl", "qwen-image"}))
def test_a_cached_prompt_gives_the_same_picture(load: Load, family: str) -> None:
    """In every family, the picture is bit for bit the same without the cache, with an empty one and from it."""
    loaded, cache = load(family), PromptCache()
    own = loaded.draw(loaded.take_copy(), "a red mug")

    for _ in range(2):
        pipeline = loaded.take_copy()
        install_prompt_cache(pipeline, cache, model_id=family)
        assert (loaded.draw(pipeline, "a red mug") == own).all()


def test_encoding_leaves_no_trace_on_the_text_encoder(tmp_path: Path) -> None:
    """A model encodes a prompt the same, whether it has encoded for no other job or for many."""
    family = FAMILIES["sdxl"]
    family.build(tmp_path)
    loaded = Loaded(family, DiffusionPipeline.from_pretrained(tmp_path, use_safetensors=True, local_files_only=True))

    first, *others = [_encode(loaded, PromptCache(), "a red mug") for _ in range(3)]

    for other in others:
        assert all(torch.equal(one, two) for one, two in zip(first, other, strict=True))


def test_the_cache_cannot_be_spoilt(load: Load) -> None:
    """A caller that changes its tensors does not change those of the next one."""
    loaded, cache = load("sd15"), PromptCache()

    first = _encode(loaded, cache, "a red mug")
    kept = [tensor.clone() for tensor in first]
    for _ in range(2):
        again = _encode(loaded, cache, "a red mug")
        assert all(torch.equal(mine, theirs) for mine, theirs in zip(again, kept, strict=True))
        for tensor in [*first, *again]:
            tensor.zero_()


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "a blue mug"},
        {"negative_prompt": "dark"},
        {"num_images_per_prompt": 2},
        {"do_classifier_free_guidance": False},
        {"clip_skip": 1},
        {"adapters": (("style", 0.5),)},
        {"model_id": "another"},
    ],
)
def test_what_changes_the_encoding_is_not_mixed_up(load: Load, changes: dict[str, Any]) -> None:
    """Another text, number of images, guidance, layer, adapter or model makes another entry."""
    loaded, cache = load("sd15"), PromptCache()
    _encode(loaded, cache, "a red mug")

    _encode(loaded, cache, **{"prompt": "a red mug", **changes})

    assert cache.count == 2


def test_the_way_of_calling_makes_no_difference(load: Load) -> None:
    """Arguments by position or by name, with a default given or not, make the same entry."""
    loaded, cache = load("sd15"), PromptCache()
    pipeline = loaded.take_copy()
    install_prompt_cache(pipeline, cache, model_id="sd15")

    pipeline.encode_prompt("a mug", torch.device("cpu"), 1, True)
    pipeline.encode_prompt(
        prompt="a mug",
        device=torch.device("cpu"),
        num_images_per_prompt=1,
        do_classifier_free_guidance=True,
        clip_skip=None,
    )

    assert cache.count == 1


def test_adapters_are_there_only_while_their_prompts_are_encoded(load: Load) -> None:
    """Of concurrent jobs with and without an adapter in the text encoder, each gets the encoding that it gets alone."""
    loaded, cache = load("sd15"), PromptCache()
    embedding = loaded.pipeline.text_encoder.get_input_embeddings().weight

    @contextmanager
    def adapted() -> Iterator[None]:
        with torch.no_grad():
            embedding.mul_(2)
            yield
            embedding.div_(2)

    def encode(number: int) -> Tensor:
        pipeline = loaded.take_copy()
        options: dict[str, Any] = {"adapters": "doubled", "while_encoding": adapted} if number % 2 else {}
        install_prompt_cache(pipeline, cache, model_id="sd15", **options)
        with torch.no_grad():
            encoded: Tensor = pipeline.encode_prompt(f"a mug {number // 2}", torch.device("cpu"), 1, False)[0]
        return encoded

    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(encode, range(12)))

    cache = PromptCache()
    assert all(torch.equal(encode(number), together[number]) for number in range(12))
    assert not any(torch.equal(together[number], together[number + 1]) for number in range(0, 12, 2))


def test_many_jobs_at_once_encode_once(load: Load) -> None:
    """Eight threads with the same prompt share one encoding; none of them meets a tokenizer in use."""
    loaded, cache = load("sdxl"), PromptCache()
    together = Barrier(8)

    def encode(number: int) -> list[Tensor]:
        together.wait(10)
        encoded = _encode(loaded, cache, "the same", model_id="flight")
        _encode(loaded, cache, f"another {number}", model_id="flight")
        return encoded

    misses = _count(PROMPT_CACHE_MISSES, "flight")
    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(encode, range(8))

    assert _count(PROMPT_CACHE_MISSES, "flight") - misses == 9
    assert _count(PROMPT_CACHE_HITS, "flight") == 7
    assert all(torch.equal(mine, theirs) for other in others for mine, theirs in zip(first, other, strict=True))


def test_the_least_recently_used_make_room(load: Load) -> None:
    """The cache never holds more bytes than its limit; recently used entries stay."""
    loaded = load("sd15")
    size = sum(tensor.numel() * tensor.element_size() for tensor in _encode(loaded, PromptCache(), "a"))
    cache = PromptCache(max_bytes=3 * size)

    for prompt in ("a", "b", "c", "a", "d", "e"):
        _encode(loaded, cache, prompt)
    assert (cache.count, cache.used_bytes) == (3, 3 * size)

    before = _count(PROMPT_CACHE_HITS, "sd15")
    for prompt in ("a", "d", "e"):
        _encode(loaded, cache, prompt)
    assert _count(PROMPT_CACHE_HITS, "sd15") - before == 3


def test_a_prompt_larger_than_the_cache_is_not_kept(load: Load) -> None:
    """A prompt that does not fit is not cached, and the job works as usual."""
    cache = PromptCache(max_bytes=10)

    assert len(_encode(load("sd15"), cache, "a")) == 2
    assert (cache.count, cache.used_bytes) == (0, 0)


def test_embeddings_of_ones_own_pass_through(load: Load) -> None:
    """A caller that passes tensors instead of a text gets the pipeline's own result."""
    loaded, cache = load("sd15"), PromptCache()
    embeds = torch.ones(1, 77, loaded.pipeline.text_encoder.config.hidden_size)

    encoded = _encode(loaded, cache, None, prompt_embeds=embeds, do_classifier_free_guidance=False)

    assert torch.equal(encoded[0], embeds)
    assert cache.count == 0


def test_a_pipeline_that_does_not_encode_is_left_alone() -> None:
    """A pipeline without an encode_prompt is unchanged."""

    class Unconditional:
        """A pipeline without prompts."""

    pipeline = Unconditional()

    assert install_prompt_cache(pipeline, PromptCache(), model_id="x").describe({"prompt": "a"}) == []
    assert not hasattr(pipeline, "encode_prompt")


def test_the_shared_pipeline_stays_as_it_was(load: Load) -> None:
    """The cache is installed only on the job's own object; the shared pipeline and its components are unchanged."""
    loaded = load("sdxl")
    before = (dict(loaded.pipeline.__dict__), dict(loaded.pipeline.config), type(loaded.pipeline.tokenizer))

    pipeline = loaded.take_copy()
    install_prompt_cache(pipeline, PromptCache(), model_id="sdxl")
    loaded.draw(pipeline, "a mug " * 50)

    assert "encode_prompt" not in loaded.pipeline.__dict__
    assert (loaded.pipeline.__dict__, dict(loaded.pipeline.config), type(loaded.pipeline.tokenizer)) == before
    assert pipeline.tokenizer is loaded.pipeline.tokenizer


def _encode(
    loaded: Loaded,
    cache: PromptCache,
    prompt: str | None,
    *,
    model_id: str | None = None,
    adapters: Any = (),
    **changes: Any,
) -> list[Tensor]:
    pipeline = loaded.take_copy()
    install_prompt_cache(pipeline, cache, model_id=model_id or loaded.family.id, adapters=adapters)
    call = {
        "device": torch.device("cpu"),
        "num_images_per_prompt": 1,
        "do_classifier_free_guidance": True,
        "negative_prompt": "blurry",
        **changes,
    }
    accepted = inspect.signature(type(pipeline).encode_prompt).parameters
    with torch.no_grad():
        output = pipeline.encode_prompt(prompt, **{name: value for name, value in call.items() if name in accepted})
    return list(_tensors(output))


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, list | tuple):
        for item in output:
            yield from _tensors(item)


def _count(counter: Counter, model_id: str) -> float:
    return float(counter.labels(model_id)._value.get())
