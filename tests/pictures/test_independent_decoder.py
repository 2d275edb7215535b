"""What a picture shows is what an independent decoder sees in it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.pictures.decode_picture import decode_picture
from tests.pictures.cases import Case, list_cases
from tests.pictures.libvips import see

CASES = list_cases()


def test_there_are_hundreds_of_them() -> None:
    """The generator makes enough, and none twice."""
    assert len({case.name for case in CASES}) == len(CASES) >= 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_see_the_same(case: Case) -> None:
    """Size, alpha, and the colours of what is not wholly transparent."""
    decoded = decode_picture(case.body)

    with Image.open(io.BytesIO(decoded.png)) as image:
        ours = np.asarray(image.convert("RGBA")).astype(int)
    theirs = see(case.body).astype(int)

    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs)[:, :, 3].max() <= case.tolerance
    visible = theirs[:, :, 3] > 0
    assert np.abs(ours - theirs)[visible].max() <= case.tolerance
