"""How the origin of a job, and what came of a replay, are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.jobs.origins.origin import OriginKind


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OriginView(_View):
    """The job that this one was made from."""

    job: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    how: OriginKind


class DifferenceView(_View):
    """One thing of the environment that is not as it was."""

    what: str = Field(examples=["versions.torch"])
    then: Any = Field(description="What the receipt of the other job has; null: nothing.", examples=["2.13.0"])
    now: Any = Field(description="What it is now; null: nothing.", examples=["2.14.0"])


class ComparedImageView(_View):
    """One image beside the one that it repeats."""

    position: int
    equal: bool | None = Field(
        description="Whether all pixels are equal; null: the other image is not there to compare with."
    )
    pixels_sha256: str | None = Field(description="Of the image's pixels, as they are decoded: 8-bit RGB, row by row.")
    pixels_sha256_then: str | None = Field(description="Of the other image's.")
    psnr_db: float | None = Field(
        description="Peak signal-to-noise ratio, in dB, if they differ: 40 or more is hard to see. Null if they are equal, or of "
        "different sizes."
    )


class ComparisonView(_View):
    """The images beside those that they repeat."""

    equal: bool | None = Field(description="Whether all images are equal to the bit; null: that is not known.")
    images: list[ComparedImageView]
    problem: str | None = Field(description="Why there is nothing to compare, or not everything; null: there is.")


class ReplayView(_View):
    """What a replay says of itself."""

    of: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    differences: list[DifferenceView] = Field(
        description="What of the environment differs from the receipt of the other job: before it is drawn, and then as it was drawn."
    )
    checked_by: Literal["submit", "worker"] = Field(
        description="Who has found the differences: `submit` knows the models file, the libraries of the workers that are there, and for the "
        "rest what the newest receipt of the model says; `worker` is the one that draws the job."
    )
    comparison: ComparisonView | None = Field(description="Null until the job has succeeded.")


def show_origin(origin: Mapping[str, Any] | None) -> OriginView | None:
    """The view of what `JobOrigin.describe` returned."""
    return None if origin is None else OriginView(job=origin["job"], how=origin["how"])


def show_replay(origin: Mapping[str, Any] | None, receipt: Mapping[str, Any] | None) -> ReplayView | None:
    """The view of a replay; None for any other job. `receipt`: of the job, once it has succeeded."""
    if origin is None or origin["how"] != "replay":
        return None
    ended = (receipt or {}).get("replay")
    found = origin if ended is None else ended
    return ReplayView(
        of=origin["job"],
        differences=found["differences"],
        checked_by=found["checked_by"],
        comparison=None if ended is None else ended["comparison"],
    )
