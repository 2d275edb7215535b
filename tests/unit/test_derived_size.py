"""How large a picture becomes that is continued beyond its edges."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import InvalidRequest
from core.jobs.request.derived_size import continue_picture
from core.jobs.request.picture_fields import Expand


@pytest.mark.parametrize(
    ("picture", "expand", "size"),
    [
        ((64, 48), {"right": 16}, (80, 48)),
        ((64, 48), {"left": 8, "right": 8}, (80, 48)),
        ((60, 44), {"left": 1, "right": 3, "top": 4}, (64, 48)),
        ((64, 48), {"bottom": 976}, (64, 1024)),
        ((1024, 1008), {"top": 16}, (1024, 1024)),
    ],
)
def test_it_is_the_picture_and_what_is_added(
    picture: tuple[int, int], expand: dict[str, int], size: tuple[int, int]
) -> None:
    """In pixels of the picture, which is not resized."""
    result = continue_picture(picture, Expand(**expand), largest=(1024, 1024), multiple=16)

    assert (result.width, result.height) == size


@pytest.mark.parametrize(
    ("picture", "expand", "errors"),
    [
        ((64, 48), {"right": 20}, {"expand.right": "makes the width 84, {}; the nearest that work are 16 or 32"}),
        ((64, 48), {"left": 20}, {"expand.left": "makes the width 84, {}; the nearest that work are 16 or 32"}),
        ((64, 48), {"left": 5, "right": 5}, {"expand.right": "makes the width 74, {}; the nearest that works is 11"}),
        # To add nothing at all is no outpainting.
        ((64, 48), {"right": 3}, {"expand.right": "makes the width 67, {}; the nearest that works is 16"}),
        (
            (64, 48),
            {"right": 3, "top": 16},
            {"expand.right": "makes the width 67, {}; the nearest that work are 0 or 16"},
        ),
        ((60, 48), {"top": 16}, {"expand.right": "makes the width 60, {}; the nearest that works is 4"}),
        ((64, 48), {"bottom": 2000}, {"expand.bottom": "makes the height 2048, {}; the nearest that works is 976"}),
        ((1000, 48), {"left": 32, "right": 8}, {"expand.right": "makes the width 1040, {}; no number works here"}),
        ((1040, 48), {"left": 16}, {"image": "has a width of 1040, and this model draws at most 1024"}),
        (
            (60, 44),
            {"left": 1, "top": 1},
            {
                "expand.left": "makes the width 61, {}; the nearest that works is 4",
                "expand.top": "makes the height 45, {}; the nearest that works is 4",
            },
        ),
    ],
)
def test_what_does_not_fit_says_what_would(
    picture: tuple[int, int], expand: dict[str, int], errors: dict[str, str]
) -> None:
    """The edge is named, with the nearest numbers below and above that work with all others as they are."""
    with pytest.raises(InvalidRequest) as caught:
        continue_picture(picture, Expand(**expand), largest=(1024, 1024), multiple=16)

    rule = "and this model draws multiples of 16 up to 1024"
    assert {error.field: error.message for error in caught.value.errors} == {
        field: message.format(rule) for field, message in errors.items()
    }


@pytest.mark.parametrize(
    "fields",
    [{}, {"left": 0}, {"left": -1}, {"right": 16_385}, {"up": 8}, {"left": 8.0}, {"left": "8"}, {"left": True}],
)
def test_it_is_pixels_at_an_edge(fields: dict[str, Any]) -> None:
    """Whole numbers from 0, one of them above it, and no other name."""
    with pytest.raises(ValidationError):
        Expand(**fields)
