"""A model's content filter, watched: which of a job's images it withheld.

Diffusers' safety checkers blacken what they object to. Most pipelines also return what was found, under three names; one of
them (the x4 upscaler) drops a part of it. So it is kept where all of them get it: at the checker's own call.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


class ContentFilter:
    """Stands in the place of a pipeline's safety checker: asks that one, and keeps its findings."""

    def __init__(self, checker: Any) -> None:
        self._checker = checker
        self._withheld: set[int] = set()

    @property
    def withheld(self) -> list[int]:
        """Positions, from 0 and in order, of the images that were found unsafe or marked with a watermark."""
        return sorted(self._withheld)

    def warn(self, count: int) -> list[str]:
        """What the sender of `count` images has to know, in a sentence."""
        if not self._withheld:
            return []
        return [f"the model's content filter withheld {len(self._withheld)} of {count} images (content_filtered)"]

    def __call__(self, *, images: Any, clip_input: Any) -> tuple[Any, ...]:
        """What the checker returns, with its black for each image that it withholds.

        images: tensor [rows, channels, height, width] or array [rows, height, width, channels]; clip_input: the same images
        as its vision model reads them, [rows, 3, side, side].
        """
        # Its verdict comes from `clip_input` alone, and DeepFloyd IF's fails if it has to blacken a tensor.
        blank = [np.zeros(1) for _ in range(len(clip_input))]
        _, *findings = self._checker(images=blank, clip_input=clip_input)
        found = _list_found(findings)
        for position in found:
            images[position] = 0
        self._withheld |= found
        return (images, *findings)


def watch_content_filter(pipeline: Any) -> ContentFilter:
    """Have the job's own pipeline object ask its safety checker, if it has one, through the `ContentFilter` that is returned."""
    checker = getattr(pipeline, "safety_checker", None)
    content_filter = ContentFilter(checker)
    if checker is not None and "clip_input" in inspect.signature(type(checker).forward).parameters:
        pipeline.safety_checker = content_filter
    return content_filter


def _list_found(findings: Iterable[Sequence[bool]]) -> set[int]:
    """The images of which one of the findings (unsafe content, a watermark) is true."""
    return {position for flags in findings for position, is_found in enumerate(flags) if is_found}
