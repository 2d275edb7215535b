"""A soak's result, to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.soak.result import Result

#: Broken rules that are named; a soak that breaks more of them has made its point.
_MOST_NAMED = 40


def describe(result: Result) -> Iterator[str]:
    """Line by line, the verdict last."""
    yield f"seed {result.seed}: {result.accepted:,} jobs accepted in {result.seconds:,.0f} s, on {result.machine}"
    yield ""
    yield from _table("faults", result.faults)
    yield ""
    yield from _table("faults at fault points", result.point_faults)
    yield ""
    yield f"jobs: {_list(result.ends)} ({result.rows:,} rows; those that were not accepted had senders without an answer)"
    yield f"attempts: {_list(result.attempts)}"
    yield f"deleted: {result.deleted:,} jobs; and the images of {result.expired:,} expired"
    yield f"images: {result.images:,}, each compared with its sha256; webhooks that came in: {result.webhooks:,}"
    yield f"answers to submits: {_list(result.answers)}"
    yield (
        f"seconds of a submit that was accepted: p50 {result.submit_seconds_p50:g}, p99 {result.submit_seconds_p99:g}, "
        f"slowest {result.submit_seconds_max:g}"
    )
    yield from (f"  {slow['seconds']} s beside {slow['meanwhile']}" for slow in result.slowest_submits)
    yield (
        "seconds from a lost worker's last sign of life to the next claim: "
        f"p50 {result.recovery_seconds_p50:g}, slowest {result.recovery_seconds_max:g}"
    )
    yield f"processes started again: {result.restarts:,}"
    yield ""
    yield from result.broken_rules[:_MOST_NAMED]
    yield f"verdict: {len(result.broken_rules):,} broken rules" if result.broken_rules else "verdict: no rule is broken"


def _table(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"{title}: {sum(counts.values()):,} of {len(counts)} kinds"
    yield from (f"  {count:5,}  {name}" for name, count in counts.items())


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
