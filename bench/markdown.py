"""What the reports of all benchmarks have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Spread


@dataclass(frozen=True)
class Outcome:
    """One target. `measured` is the figure with its spread, in words."""

    target: str
    measured: str
    is_met: bool


def write_targets(outcomes: Sequence[Outcome]) -> list[str]:
    """The paragraphs of the targets and whether they were met: none without outcomes."""
    rows = [[one.target, one.measured, "yes" if one.is_met else "no"] for one in outcomes]
    return ["## Targets", write_rows(["target", "measured", "met"], rows)] if rows else []


def write_circumstances(machine: Mapping[str, str], settings: Mapping[str, str], *, seconds: float) -> list[str]:
    """The paragraphs that end a report: where and how it was measured, and how long that took."""
    facts = {**machine, **settings}
    return [
        "## Where and how",
        write_rows(["", ""], [[name, value] for name, value in facts.items()]),
        f"The run took {seconds / 60:.0f} minutes.",
    ]


def write_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def say_spread(figure: Spread, digits: str) -> str:
    """The median with the quartiles in brackets, in this format (`.2f`)."""
    return f"{figure.median:{digits}} ({figure.lower_quartile:{digits}} to {figure.upper_quartile:{digits}})"
