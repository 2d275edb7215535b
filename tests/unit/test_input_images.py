"""How large a job draws that starts from a picture."""

from __future__ import annotations

import pytest

from core.jobs.request.image_size import follow_input


@pytest.mark.parametrize(
    ("size", "asked", "drawn"),
    [
        ((128, 128), (None, None), (128, 128)),
        ((130, 93), (None, None), (128, 96)),
        ((1000, 500), (None, None), (256, 128)),
        ((500, 1000), (None, None), (128, 256)),
        ((22, 10), (None, None), (24, 8)),
        ((5000, 5), (None, None), (256, 8)),
        ((100, 50), (64, None), (64, 32)),
        ((100, 50), (None, 64), (128, 64)),
        ((50, 5000), (64, None), (64, 256)),
        ((100, 50), (64, 200), (64, 200)),
    ],
)
def test_the_size_follows_the_input(
    size: tuple[int, int], asked: tuple[int | None, int | None], drawn: tuple[int, int]
) -> None:
    """What the request leaves open keeps the input's proportions, within the model's limits, in multiples of 8."""
    width, height = asked
    assert follow_input(size, width=width, height=height, largest=(256, 256), multiple=8) == drawn
