"""What a picture shows is what an independent decoder sees in it."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
import pyvips
from PIL import Image

from core.pictures.decode_picture import decode_picture
from core.pictures.limits import NotAnImage
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


#: libtiff takes some pages whose directory is cut off, so there the two need not agree.
CUT = [case for case in CASES if not case.name.startswith("tiff")]


@pytest.mark.parametrize("part", [0.35, 0.6, 0.8])
def test_both_refuse_what_is_cut_off(part: float) -> None:
    """A part of a file is taken by both decoders or by none."""
    parts = {case.name: case.body[: int(len(case.body) * part)] for case in CUT}

    ours = {name for name, body in parts.items() if is_taken(body)}

    assert ours == {name for name, body in parts.items() if libvips_takes(body)}
    assert len(ours) < len(parts)


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_shown_or_refused(seed: int) -> None:
    """Whatever is changed in a file, a picture comes out or NotAnImage, and no other error."""
    dice = random.Random(seed)
    taken = [is_taken(damage(dice.choice(CASES).body, dice)) for _ in range(100)]

    assert any(taken)
    assert not all(taken)


def is_taken(body: bytes) -> bool:
    try:
        decode_picture(body)
    except NotAnImage:
        return False
    return True


def libvips_takes(body: bytes) -> bool:
    try:
        pyvips.Image.new_from_buffer(body, "", fail_on="truncated").copy_memory()
    except pyvips.Error:
        return False
    return True


def damage(body: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, left out or put in, most of them where the headers are."""
    damaged = bytearray(body)
    for _ in range(dice.choice((1, 1, 3, 10))):
        at = dice.randrange(min(len(damaged), dice.choice((64, 300, len(damaged)))))
        damaged[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
    return bytes(damaged)
