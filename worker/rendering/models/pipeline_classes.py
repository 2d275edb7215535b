"""Pipeline classes by their names: diffusers', and the few of both stages that it does not have."""

from __future__ import annotations

from typing import Any

import diffusers

from worker.rendering.models import controlled_kandinsky

#: By name; each runs the pipelines of diffusers that are its stages.
OWN_CLASSES: dict[str, type[Any]] = {
    each.__name__: each
    for each in (
        controlled_kandinsky.KandinskyV22ControlnetCombinedPipeline,
        controlled_kandinsky.KandinskyV22ControlnetImg2ImgCombinedPipeline,
    )
}


def get_pipeline_class(name: str) -> Any:
    """The class of that name. Raises AttributeError if there is none."""
    return OWN_CLASSES.get(name) or getattr(diffusers, name)
