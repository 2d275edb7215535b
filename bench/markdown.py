"""What the reports of all benchmarks write alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Spread


@dataclass(frozen=True)
class Outcome:
    """One target. `measured` says the figure with its spread."""

    target: str
    measured: str
    is_met: bool


def write_outcomes(outcomes: Sequence[Outcome]) -> str:
    """The targets and whether they were met."""
    return write_rows(
        ["target", "measured", "met"], [[one.target, one.measured, "yes" if one.is_met else "no"] for one in outcomes]
    )


def write_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def say_spread(figure: Spread, digits: str) -> str:
    """The median, and the quartiles in brackets."""
    return f"{figure.median:{digits}} ({figure.lower_quartile:{digits}} to {figure.upper_quartile:{digits}})"
