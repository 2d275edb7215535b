"""Every published parameter at its limits and beyond sensible values: a picture, a 422, or one clear refusal."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from core.catalog import Parameter
from core.errors import InvalidRequest
from tests.rendering.parameters.walk import PLACES, Place, Walk
from worker.rendering.errors import RequestRefused

_INTEGERS = (-1, 0, 1, 2, 3, 4, 12, 13, 64, 1000, 2048, 65_536)
_NUMBERS = (-1000.0, -1.0, 0.0, 1e-9, 0.01, 0.5, 0.999, 1.0, 2.0, 10.0, 100.0, 1000.0)
_TEXTS = ("", " ", "x" * 4000, "mug " * 900)


def list_values(name: str, parameter: Parameter) -> tuple[Any, ...]:
    """The limits of its kind, and of the model where they are narrower; nonsense; and values of another kind."""
    if name == "num_inference_steps":
        return (-1, 0, 1, 2, 3, 1001, True)
    of_kind: tuple[Any, ...]
    match parameter.kind:
        case "boolean":
            of_kind = (True, False, 1, "yes")
        case "integer":
            of_kind = (*_INTEGERS, True, 1.5)
        case "number":
            of_kind = (*_NUMBERS, True, "1")
        case _:
            of_kind = (*_TEXTS, 7)
    return of_kind


#: Values that are wrong only together.
TOGETHER: tuple[dict[str, Any], ...] = (
    {"control_guidance_start": 0.6, "control_guidance_end": 0.4},
    {"control_guidance_start": 0.5, "control_guidance_end": 0.5},
    {"original_inference_steps": 4, "strength": 0.3},
    {"guess_mode": True, "guidance_scale": 0.0},
    {"clip_skip": 3, "prompt_2": ""},
    {"num_inference_steps": 2, "strength": 0.49},
    {"num_inference_steps": 1, "strength": 1.0},
    {"guidance_scale": 100.0, "guidance_rescale": 1.0},
    {"true_cfg_scale": 100.0, "negative_prompt": "x" * 4000},
)


@pytest.mark.thorough
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_value_is_drawn_or_refused(walk: Walk, place: Place) -> None:
    """No value of any parameter ends as our fault: it is drawn, or refused at submit, or refused by the pipeline at once."""
    published = walk.published(place)
    requests = [{name: value} for name, each in published.items() for value in list_values(name, each)]
    requests += [fields for fields in TOGETHER if fields.keys() <= published.keys()]
    outcomes = Counter(_try(walk, place, fields) for fields in requests)

    assert outcomes.keys() <= {"drawn", "422", "refused"}, outcomes
    assert outcomes["drawn"] > len(published)
    assert outcomes["422"] > len(published)


@pytest.mark.parametrize("place", [Place("sana", "text-to-image"), Place("qwen-image", "image-to-image")], ids=str)
def test_the_defaults_draw(walk: Walk, place: Place) -> None:
    """A request with nothing but a prompt is drawn, also where the pipeline has an empty text for a negative prompt."""
    assert _try(walk, place, {}) == "drawn"
    assert _try(walk, place, {"negative_prompt": ""}) == "drawn"


def _try(walk: Walk, place: Place, fields: dict[str, Any]) -> str:
    try:
        resolved = walk.resolve(place, **fields)
    except (InvalidRequest, ValidationError):
        return "422"
    try:
        walk.draw(place, resolved)
    except RequestRefused:
        return "refused"
    except Exception as error:  # noqa: BLE001
        return f"{fields}: {error!r}"
    return "drawn"
