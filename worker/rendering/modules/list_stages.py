"""The stages of a pipeline that draws in stages: pipelines of their own, inside of it, that hold its components."""

from __future__ import annotations

from typing import Any

from diffusers import DiffusionPipeline


def list_stages(pipeline: Any) -> list[Any]:
    """The pipelines inside this one, in the order in which it was built; none for most."""
    return [each for each in vars(pipeline).values() if isinstance(each, DiffusionPipeline)]
