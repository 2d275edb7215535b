"""Pipelines' own modules that diffusers has moved: a model's folder still names the place that they had when it was made."""

from __future__ import annotations

from diffusers import pipelines


def has_pipeline_module(name: str) -> bool:
    """Whether diffusers has, or had, a module of that name for a pipeline and its components, such as `unidiffuser`. One that it
    has moved among the deprecated ones is then found at its old place, where diffusers looks for it when it loads a folder.
    """
    if not hasattr(pipelines, name) and hasattr(pipelines.deprecated, name):
        setattr(pipelines, name, getattr(pipelines.deprecated, name))
    return hasattr(pipelines, name)
