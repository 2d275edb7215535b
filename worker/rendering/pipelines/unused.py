"""Parameters that turned out to have no effect once the job was drawn: what the request alone did not show."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from diffusers.utils import is_bs4_available, is_ftfy_available

from core.catalog import ModelEntry
from worker.rendering.prompts import JobPrompts

#: Pipelines whose denoiser is given a prompt's own tokens and no padding. The first cuts what was encoded, and the tokenizer
#: does not notice.
_WITHOUT_PADDING = ("QwenImage", "ZImage")
#: Those whose denoiser does not look at the padding.
_PADDING_MASKED = ("PixArt", "Sana")
#: A begin and an end marker, at most.
_MARKERS = 2


def list_unused(pipeline: Any, entry: ModelEntry, request: Mapping[str, Any], prompts: JobPrompts) -> Iterator[str]:
    """A warning for each parameter of the request that differs from its default and did not change the picture."""
    kind = type(pipeline)
    signature = inspect.signature(kind.__call__).parameters
    defaults = {name: entry.defaults.get(name, each.default) for name, each in signature.items()}
    changed = {name: request[name] for name in request if name in signature and request[name] != defaults[name]}

    if "max_sequence_length" in changed and kind.__name__.startswith(_WITHOUT_PADDING + _PADDING_MASKED):
        limit = min(changed["max_sequence_length"], defaults["max_sequence_length"])
        if _were_read_whole(prompts, kind.__name__, limit):
            yield "max_sequence_length has no effect here: neither it nor the default cuts the prompt off"
    if "cfg_truncation" in changed and request["guidance_scale"] > 0:
        # As the pipeline counts: 0 is the noise, 1 the picture.
        reached = (1000 - float(pipeline.scheduler.timesteps.min())) / 1000
        if reached <= min(changed["cfg_truncation"], defaults["cfg_truncation"]):
            yield f"cfg_truncation has no effect here: the last step begins at {reached:.2f}"
    if "clean_caption" in changed:
        if not (is_bs4_available() and is_ftfy_available()):
            yield "clean_caption has no effect: the packages that clean text are not installed on this worker"
        elif not _is_untidy(pipeline, request):
            yield "clean_caption has no effect here: there is nothing to clean"


def _is_untidy(pipeline: Any, request: Mapping[str, Any]) -> bool:
    """Whether cleaning changes one of the request's texts, as the pipeline does it."""
    prepare = pipeline._text_preprocessing  # noqa: SLF001
    texts = [request[name] for name in ("prompt", "negative_prompt") if request.get(name)]
    return any(prepare(text, clean_caption=True) != prepare(text, clean_caption=False) for text in texts)


def _were_read_whole(prompts: JobPrompts, class_name: str, limit: int) -> bool:
    """Whether every prompt was read to its end, and would have been with this limit."""
    own = max((reading.tokens + _MARKERS for reading in prompts.readings), default=0)
    tokens = own if class_name.startswith(_PADDING_MASKED) else prompts.most_tokens
    if class_name.startswith(_WITHOUT_PADDING[0]):
        limit -= 1  # as many as the limit can be all, or what was left of more
    return 0 < tokens <= limit and all(reading.read == reading.tokens for reading in prompts.readings)
