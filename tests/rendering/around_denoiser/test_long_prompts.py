"""Long prompts: read as a whole if the model can, and reported if it cannot."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from bench.tiny_families import FAMILIES
from tests.rendering.around_denoiser.conftest import Load, Loaded
from tests.rendering.quick import few_quick
from worker.rendering.prompts import JobPrompts, PromptCache, install_prompt_cache

#: Families whose text encoders are all CLIP's, with the number of a text's own tokens in one chunk.
CHUNKED = {"picturebook": 75, "sd15": 75, "sd2": 75, "lcm": 75, "sdxl": 75, "sdxl-turbo": 75, "sd15-controlnet": 75}


@pytest.mark.parametrize("family", few_quick(CHUNKED, {"picturebook", "sd15", "sdxl"}))
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_only_a_prompt_that_does_not_fit_is_read_differently(load: Load, family: str, beyond: int) -> None:
    """Up to the last token that fits, the picture is the pipeline's own bit for bit; with one more it is another."""
    loaded, size = load(family), CHUNKED[family]
    prompt = _prompt_of(loaded, size + beyond)
    own = loaded.draw(loaded.take_copy(), prompt)

    drawn, prompts = _draw(loaded, prompt)

    assert (drawn == own).all() == (beyond <= 0)
    [reading, *_] = prompts.describe({"prompt": prompt})
    assert (reading["tokens"], reading["read"]) == (size + beyond, size + beyond)
    assert reading["chunks"] == (1 if beyond <= 0 else 2)
    assert prompts.warn({"prompt": prompt, "negative_prompt": "blurry"}) == []


@pytest.mark.parametrize("family", ["picturebook", "sd15", "sdxl"])
def test_every_chunk_is_encoded_as_a_prompt_of_its_own(load: Load, family: str) -> None:
    """The embeddings of a long prompt are those of its chunks, one after the other; the pooled output is the first chunk's."""
    loaded, size = load(family), CHUNKED[family]
    letters = [f"{'abcdefghij'[number % 10]} " for number in range(2 * size + 5)]
    pieces = ["".join(letters[begin : begin + size]) for begin in range(0, len(letters), size)]

    whole = _encode(loaded, "".join(letters), install=True)
    parts = [_encode(loaded, piece, install=False) for piece in pieces]

    assert torch.equal(whole[0], torch.cat([part[0] for part in parts], dim=1))
    # The negative prompt is padded to the length of the prompt: its own chunk, and empty chunks.
    empty = _encode(loaded, "x", install=False, negative_prompt="")
    expected = torch.cat([parts[0][1], empty[1], empty[1]], dim=1)
    assert torch.allclose(whole[1], expected, atol=1e-6)
    for index in range(2, len(whole)):
        assert torch.equal(whole[index], parts[0][index])


@pytest.mark.parametrize("family", ["picturebook", "sd15", "sdxl"])
def test_the_end_of_a_long_prompt_counts(load: Load, family: str) -> None:
    """Two long prompts that differ only in their last word give two pictures."""
    loaded = load(family)
    beginning = _prompt_of(loaded, CHUNKED[family] * 3)
    cut_off = [loaded.draw(loaded.take_copy(), beginning + end) for end in (" a cat", " a mug")]
    assert (cut_off[0] == cut_off[1]).all()

    one, _ = _draw(loaded, beginning + " a cat")
    other, _ = _draw(loaded, beginning + " a mug")

    assert (one != other).any()


def test_a_long_negative_prompt_is_read_whole_too(load: Load) -> None:
    """The prompt is padded to the length of its negative prompt."""
    loaded = load("sdxl")
    negative = _prompt_of(loaded, 160)

    _, prompts = _draw(loaded, "a mug", negative_prompt=negative)

    readings = prompts.describe({"prompt": "a mug", "negative_prompt": negative})
    assert {(item["field"], item["tokenizer"], item["read"], item["chunks"]) for item in readings} == {
        ("prompt", "tokenizer", 4, 3),
        ("prompt", "tokenizer_2", 4, 3),
        ("negative_prompt", "tokenizer", 160, 3),
        ("negative_prompt", "tokenizer_2", 160, 3),
    }


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - set(CHUNKED) - {"sdxl-controlnet"}))
def test_other_families_report_what_they_cut_off(load: Load, family: str) -> None:
    """What was read and what was cut off are together the prompt as the client wrote it; the picture is unchanged."""
    loaded = load(family)
    prompt = "A Big red Mug, " * 400 + "The End"
    own = loaded.draw(loaded.take_copy(), prompt)

    drawn, prompts = _draw(loaded, prompt)

    assert (drawn == own).all()
    readings = prompts.describe({"prompt": prompt})
    assert [item["tokenizer"] for item in readings] == sorted(n for n in loaded.pipeline.config if "tokenizer" in n)
    assert all(0 < item["read"] < item["tokens"] for item in readings)
    for reading in prompts.readings:
        if reading.text == prompt:
            assert prompt.endswith(reading.cut_off)
            assert "The End" in reading.cut_off
    warnings = prompts.warn({"prompt": prompt, "negative_prompt": "blurry"})
    assert len(warnings) == len(readings)
    assert all(
        warning.startswith(f"prompt has {readings[0]['tokens']} tokens") or len(readings) > 1 for warning in warnings
    )
    assert all(len(warning) < 800 for warning in warnings)


def test_an_encoder_that_read_it_all_is_named(load: Load) -> None:
    """FLUX's CLIP reads 75 tokens and its T5 the rest: the warning says both."""
    prompt = "a big red mug, " * 8 + "the end"

    _, prompts = _draw(load("flux-dev"), prompt)

    [warning] = prompts.warn({"prompt": prompt})
    assert "the model's tokenizer read the first 75 (tokenizer_2 read all of it)" in warning
    assert warning.endswith("the end")


def test_readings_come_from_the_cache_too(load: Load) -> None:
    """A job whose prompt was encoded for another job gets the same warning."""
    loaded, cache = load("pixart"), PromptCache()
    prompt = "a big red mug, " * 40

    told = [_draw(loaded, prompt, cache=cache)[1] for _ in range(2)]

    assert told[0].warn({"prompt": prompt}) == told[1].warn({"prompt": prompt}) != []


def _prompt_of(loaded: Loaded, tokens: int) -> str:
    """A prompt of `tokens` tokens: letters, each of which is one token in every CLIP tokenizer here."""
    prompt = "".join("abcdefgh"[number % 8] + " " for number in range(tokens)).strip()
    assert len(loaded.pipeline.tokenizer(prompt, add_special_tokens=False).input_ids) == tokens
    return prompt


def _draw(loaded: Loaded, prompt: str, *, cache: PromptCache | None = None, **changes: Any) -> tuple[Any, JobPrompts]:
    pipeline = loaded.take_copy()
    cache = PromptCache() if cache is None else cache
    prompts = install_prompt_cache(pipeline, cache, model_id=loaded.family.id)
    return loaded.draw(pipeline, prompt, **changes), prompts


def _encode(loaded: Loaded, prompt: str, *, install: bool, negative_prompt: str = "blurry") -> list[Tensor]:
    pipeline = loaded.take_copy()
    if install:
        install_prompt_cache(pipeline, PromptCache(), model_id=loaded.family.id)
    with torch.no_grad():
        return list(
            pipeline.encode_prompt(
                prompt=prompt,
                device=torch.device("cpu"),
                num_images_per_prompt=1,
                do_classifier_free_guidance=True,
                negative_prompt=negative_prompt,
            )
        )
