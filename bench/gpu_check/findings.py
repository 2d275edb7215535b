"""What a part of the check found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding or a part came out."""

    GOOD = "good"
    #: Not as it has to be.
    BAD = "bad"
    #: A figure, which is neither.
    MEASURED = "measured"
    #: The device or the machine lacks what it needs.
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """One line of the page."""

    title: str
    #: The figure in words, with its unit and spread.
    measured: str
    verdict: Verdict = Verdict.MEASURED
    #: The same as numbers, for programs.
    figures: Mapping[str, float | list[float]] = field(default_factory=dict)


#: Called with each finding as soon as there is one, so that what a part found before it hung is known.
Report = Callable[[Finding], None]


@dataclass(frozen=True)
class Outcome:
    """What became of one part."""

    part: str
    title: str
    seconds: float
    findings: tuple[Finding, ...]
    #: Why it did not come to its end; None if it did.
    failure: str | None = None
    #: The end of what it printed, if it failed.
    log: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of its findings; bad if it did not come to its end."""
        found = {finding.verdict for finding in self.findings}
        if self.failure is not None or Verdict.BAD in found:
            return Verdict.BAD
        return next((one for one in (Verdict.GOOD, Verdict.MEASURED) if one in found), Verdict.SKIPPED)


def judge(is_good: bool) -> Verdict:
    """The verdict on something that has to be so."""
    return Verdict.GOOD if is_good else Verdict.BAD
