"""How long jobs of a model take, as a worker has measured it lately: a straight line over their cost for a job alone, and how
much company slows a job down.

    wall = (base + per_cost * cost) * (1 + slowdown * (company - 1))

With a slowdown of 0 jobs cost nothing beside each other (their steps share forwards that take no longer), with 1 they merely
take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

#: The slowdowns that are tried, and the one that is assumed as long as all jobs had the same company.
_SLOWDOWNS = [number / 10 for number in range(11)]
_LIKELY_SLOWDOWN = 0.7
_WEIGHT_OF_LIKELY = 1e-3

#: The newest jobs, whose company is what the next one can expect.
_NEWEST = 16


class Sample(NamedTuple):
    """One job as it went."""

    #: Megapixel-steps.
    cost: float
    #: Seconds from its claim to its recorded end.
    wall_seconds: float
    #: Jobs that the worker held in that time, itself among them: on average, and the most.
    company: float
    most_company: int


@dataclass(frozen=True)
class Speed:
    """What a job of the model takes, in seconds from its claim to its end."""

    #: Alone.
    base: float
    per_cost: float
    #: What each further job adds, as a share.
    slowdown: float
    #: Of ten jobs nine took less than this multiple of what the line says.
    p90: float
    #: Jobs that the newest ones shared the worker with, themselves counted; and the most that it held.
    company: float
    width: int
    #: Jobs that were measured.
    count: int
    #: What loading the model took; 0: not measured.
    load_seconds: float = 0.0

    def wall(self, cost: float, *, company: float) -> float:
        """Seconds that a job of this cost takes at the median, while the worker holds so many jobs with it."""
        return (self.base + self.per_cost * cost) * (1 + self.slowdown * (company - 1))

    def work(self, cost: float, *, jobs: float = 1) -> float:
        """Seconds of one worker's time that so many jobs of this cost in sum take, while the worker is full."""
        alone = self.base * jobs + self.per_cost * cost
        return alone * (1 + self.slowdown * (self.width - 1)) / self.width

    def describe(self) -> dict[str, Any]:
        """As the worker's row keeps it."""
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(self).items()}

    @classmethod
    def of(cls, described: dict[str, Any]) -> Speed:
        """Reads what `describe` returned; fields that a later release adds are ignored."""
        return cls(**{field.name: described[field.name] for field in fields(cls) if field.name in described})


def fit_speed(samples: Sequence[Sample], *, load_seconds: float = 0.0) -> Speed:
    """Returns what the samples show, the oldest first; there is at least one."""
    _, slowdown, base, per_cost, ratios = min(
        (_try_slowdown(samples, each) for each in _SLOWDOWNS), key=lambda fit: fit[0]
    )
    middle = max(_quantile(ratios, 0.5), 1e-3)
    newest = samples[-_NEWEST:]
    return Speed(
        base=base * middle,
        per_cost=per_cost * middle,
        slowdown=slowdown,
        p90=max(1.0, _quantile(ratios, 0.9) / middle),
        company=sum(sample.company for sample in newest) / len(newest),
        width=max(sample.most_company for sample in samples),
        count=len(samples),
        load_seconds=load_seconds,
    )


def join_speeds(speeds: Sequence[Speed]) -> Speed:
    """Returns what several workers measured of one model as one, each by the number of its jobs."""
    total = sum(speed.count for speed in speeds)

    def mean(name: str) -> float:
        return float(sum(getattr(speed, name) * speed.count for speed in speeds) / total)

    return Speed(
        **{name: mean(name) for name in ("base", "per_cost", "slowdown", "p90", "company")},
        width=max(speed.width for speed in speeds),
        count=total,
        load_seconds=max(speed.load_seconds for speed in speeds),
    )


def _try_slowdown(samples: Sequence[Sample], slowdown: float) -> tuple[float, float, float, float, list[float]]:
    """How badly it fits, the slowdown, the line of a job alone, and the ratios of what jobs took to what it says, in order."""
    costs = [sample.cost for sample in samples]
    alone = [sample.wall_seconds / (1 + slowdown * (sample.company - 1)) for sample in samples]
    base, per_cost = _fit_line(costs, alone)
    ratios = sorted(seconds / max(base + per_cost * cost, 1e-9) for cost, seconds in zip(costs, alone, strict=True))
    misfit = sum((ratio - 1) ** 2 for ratio in ratios) / len(ratios)
    return misfit + _WEIGHT_OF_LIKELY * abs(slowdown - _LIKELY_SLOWDOWN), slowdown, base, per_cost, ratios


def _fit_line(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    """Least squares, with neither part below zero: (at zero, per unit)."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    if spread <= 1e-9 * max(mean_x, 1e-9) ** 2:
        # All of the same cost: whether they took time for themselves or for their cost cannot be known.
        return 0.0, mean_y / mean_x
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    base = mean_y - slope * mean_x
    if slope <= 0:
        return mean_y, 0.0
    if base < 0:
        return 0.0, sum(x * y for x, y in zip(xs, ys, strict=True)) / sum(x * x for x in xs)
    return base, slope


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
