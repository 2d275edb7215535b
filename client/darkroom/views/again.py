"""How a job compares with the one that it was made from."""

from __future__ import annotations

from typing import Any

from darkroom.views.view import View


class Origin(View):
    """The job that this one was made from."""

    job: str
    how: str


class Difference(View):
    """One thing of the environment that is not as it was."""

    what: str
    #: What the receipt of the other job has; null: nothing.
    then: Any
    #: What it is now; null: nothing.
    now: Any


class ComparedImage(View):
    """One image beside the one that it repeats."""

    position: int
    #: Whether all pixels are equal; null: the other image is not there to compare with.
    equal: bool | None = None
    #: Of the image's pixels, as they are decoded: 8-bit RGB, row by row.
    pixels_sha256: str | None = None
    #: Of the other image's.
    pixels_sha256_then: str | None = None
    #: Peak signal-to-noise ratio, in dB, if they differ: 40 or more is hard to see. Null if they are equal, or of
    #: different sizes.
    psnr_db: float | None = None


class Comparison(View):
    """The images beside those that they repeat."""

    #: Whether all images are equal to the bit; null: that is not known.
    equal: bool | None = None
    images: list[ComparedImage]
    #: Why there is nothing to compare, or not everything; null: there is.
    problem: str | None = None


class Replay(View):
    """What a replay says of itself."""

    of: str
    #: What of the environment differs from the receipt of the other job: before it is drawn, and then as it was drawn.
    differences: list[Difference]
    #: Who has found the differences: `submit` knows the models file, the libraries of the workers that are there, and
    #: for the rest what the newest receipt of the model says; `worker` is the one that draws the job.
    checked_by: str
    #: Null until the job has succeeded.
    comparison: Comparison | None = None
