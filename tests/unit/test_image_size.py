"""The size of a job that starts from an image: in the input's proportions, or refused."""

from __future__ import annotations

import re

import pytest

from core.errors import InvalidRequest
from core.jobs.request.image_size import follow_input


@pytest.mark.parametrize(
    ("size", "asked", "drawn"),
    [
        ((128, 128), (None, None), (128, 128)),
        ((130, 93), (None, None), (128, 96)),
        ((1000, 500), (None, None), (256, 128)),
        ((500, 1000), (None, None), (128, 256)),
        ((22, 10), (None, None), (24, 8)),
        ((4, 4), (None, None), (8, 8)),
        ((1, 2), (None, None), (8, 16)),
        ((256, 21), (None, None), (256, 24)),
        ((100, 50), (64, None), (64, 32)),
        ((100, 50), (None, 64), (128, 64)),
        ((50, 500), (24, None), (24, 240)),
        ((300, 100), (None, 80), (240, 80)),
        ((300, 100), (256, None), (256, 88)),
        ((100, 50), (64, 200), (64, 200)),
    ],
)
def test_the_size_follows_the_input(
    size: tuple[int, int], asked: tuple[int | None, int | None], drawn: tuple[int, int]
) -> None:
    """What the request leaves open keeps the input's proportions, within the model's limits, in multiples of 8."""
    width, height = asked
    found = follow_input(size, width=width, height=height, largest=(256, 256), multiple=8)

    assert (found.width, found.height) == drawn


@pytest.mark.parametrize(
    ("size", "asked", "field", "message"),
    [
        ((300, 100), (None, 256), "height", "the width is more than the 256 .*; the largest height that fits is 80;"),
        ((300, 100), (None, 88), "height", "the largest height that fits is 80;"),
        ((100, 300), (256, None), "width", "the height is more than the 256 .*; the largest width that fits is 80;"),
        ((50, 5000), (64, None), "width", "the height is more than the 256 .*allows at most; name width and height"),
        ((5000, 5), (256, None), "width", "of a picture of 5000 x 5 the height is 0.3 in proportion"),
        ((5000, 5), (None, None), "image", "of a picture of 5000 x 5 the height is 0.3 in proportion"),
        ((3, 4000), (None, None), "image", "of a picture of 3 x 4000 the width is 0.2 in proportion"),
    ],
)
def test_a_size_that_would_squash_the_picture_is_refused(
    size: tuple[int, int], asked: tuple[int | None, int | None], field: str, message: str
) -> None:
    """The side that was sent (or the picture) is named, with the largest value that fits; naming both sides is taken."""
    width, height = asked
    with pytest.raises(InvalidRequest, match=f"^{field}: .*{message}"):
        follow_input(size, width=width, height=height, largest=(256, 256), multiple=8)

    both = follow_input(size, width=256, height=8, largest=(256, 256), multiple=8)
    assert (both.width, both.height, both.warnings) == (256, 8, ())


@pytest.mark.parametrize("multiple", [8, 16, 32])
def test_a_side_in_proportion_is_never_far_off(multiple: int) -> None:
    """Of any picture, at any side: drawn within half a multiple of its proportions and inside the limits, or refused; and
    the largest value that a refusal names is the largest that is taken.
    """
    for size in ((300, 100), (100, 300), (1, 1), (640, 480), (33, 1000), (1000, 33), (4096, 17), (255, 257)):
        taken: list[int] = []
        for height in range(multiple, 257, multiple):
            try:
                found = follow_input(size, width=None, height=height, largest=(256, 256), multiple=multiple)
            except InvalidRequest as error:
                hint = re.search(r"largest height that fits is (\d+)", error.message)
                assert hint is None or [int(hint[1])] == taken[-1:]
                assert bool(taken) <= (hint is not None)
                continue
            taken.append(height)
            assert 0 < found.width <= 256
            assert abs(found.width - height * size[0] / size[1]) <= multiple / 2
        # One of the two is always possible, but for the longest pictures.
        assert taken or max(size) / min(size) > 256 / multiple


def test_a_side_that_rounding_moves_far_is_a_warning() -> None:
    """A picture that is a little wider or higher than its input says so; below a tenth it does not."""
    far = follow_input((256, 12), width=None, height=None, largest=(256, 256), multiple=8)
    assert (far.height, far.warnings) == (16, ("height is 16, where the proportions of image make 12.0",))
    assert follow_input((256, 63), width=None, height=None, largest=(256, 256), multiple=8).warnings == ()
