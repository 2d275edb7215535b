"""A pipeline of two stages, made of the pipelines of each: those that come in two folders."""

from __future__ import annotations

from typing import Any

from core.catalog import find_family, find_joined_class
from worker.rendering.errors import ModelUnavailable
from worker.rendering.models.extras.prior import PREFIX
from worker.rendering.models.pipeline_classes import get_pipeline_class
from worker.rendering.modules.list_stages import list_stages


def join_stages(decoder: Any, prior: Any) -> Any:
    """The pipeline that draws with both. Raises ModelUnavailable if they are no stages of one, or if one of them has a setting that
    would be lost.
    """
    own, first = type(decoder).__name__, type(prior).__name__
    joined_class = find_joined_class(own)
    if joined_class == own:
        raise ModelUnavailable(f"a {own} takes no prior")
    family = find_family(joined_class)
    if family is None or first not in family.priors:
        raise ModelUnavailable(f"its prior is a {first}, which does not go with a {own}")
    components = decoder.components | {f"{PREFIX}{name}": each for name, each in prior.components.items()}
    joined = get_pipeline_class(joined_class)(**components)
    for given, used in zip((prior, decoder), list_stages(joined), strict=True):
        _refuse_lost_settings(given, used)
    return joined


def _refuse_lost_settings(given: Any, used: Any) -> None:
    """diffusers builds the stages inside with the settings that their classes have."""
    for name in given.config:
        if name not in given.components and not name.startswith("_") and given.config[name] != used.config.get(name):
            raise ModelUnavailable(f"{name} = {given.config[name]!r} of its {type(given).__name__} would be lost")
