"""The targets of the queue, and whether a run met them."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import paired_ratio
from bench.markdown import Outcome
from bench.queue.parts import reads as reads_part
from bench.queue.parts.fair import ALONE, AT_ONCE, FAIR, FIRST_COME, NOW_AND_THEN
from bench.queue.results import Cell, Results

OF_THE_FLOOR = 0.5
OF_THE_NAIVE = 2.0
READ_OF_A_SUBMIT = 1.0
READ_OF_THE_NAIVE = 0.4
UNCHANGED_OF_A_SUBMIT = 0.6
LIST_OF_A_READ = 4.0
OF_STOCK_CELERY = 1.0
OF_BRPOP = 3.0
HANDOFF_P99_MS = 15.0
OF_A_SHORT_QUEUE = 2.0
OF_ALONE = 2.0
OF_FIRST_COME = 0.94


def judge_targets(results: Results) -> list[Outcome]:
    """The targets that can be judged from the run's cells."""
    return [
        *_judge_submits(results),
        *_judge_reads(results),
        *_judge_noop(results),
        *_judge_handoff(results),
        *_judge_claims(results),
        *_judge_fairness(results),
    ]


def _judge_submits(results: Results) -> Iterator[Outcome]:
    cells = {cell.system: cell for cell in reversed(results.list_cells("submit"))}
    for peer, least in (("floor", OF_THE_FLOOR), ("naive", OF_THE_NAIVE)):
        if "ours" in cells and peer in cells:
            name = {"floor": "the floor", "naive": "the naive service"}[peer]
            yield _judge_rate(f"submits/s ≥ {least:g} × {name}", _many_accounts(results), cells[peer], least)


def _judge_reads(results: Results) -> Iterator[Outcome]:
    cpu = {
        (cell.system, cell.load.removesuffix(", service")): cell
        for cell in results.list_cells("read cpu")
        if cell.load.endswith(", service")
    }
    if not cpu:
        return
    reads = [cpu["ours", load] for load in (reads_part.QUEUED, reads_part.RUNNING, reads_part.FINISHED)]
    dearest = max(reads, key=lambda cell: cell.spread().median)
    submit = cpu["ours", reads_part.SUBMIT]
    name = dearest.load.removesuffix(", service")
    yield _judge_cost(
        f"CPU of a read, {name} (the dearest) ≤ {READ_OF_A_SUBMIT:g} × a submit", dearest, submit, READ_OF_A_SUBMIT
    )
    for load in (reads_part.QUEUED, reads_part.FINISHED):
        yield _judge_cost(
            f"CPU of a read, {load} ≤ {READ_OF_THE_NAIVE:g} × the naive service's",
            cpu["ours", load],
            cpu["naive", load],
            READ_OF_THE_NAIVE,
        )
    yield _judge_cost(
        f"CPU of an unchanged job (304) ≤ {UNCHANGED_OF_A_SUBMIT:g} × a submit",
        cpu["ours", reads_part.UNCHANGED],
        submit,
        UNCHANGED_OF_A_SUBMIT,
    )
    yield _judge_cost(
        f"CPU of {reads_part.LIST} ≤ {LIST_OF_A_READ:g} × a read of a finished job",
        cpu["ours", reads_part.LIST],
        cpu["ours", reads_part.FINISHED],
        LIST_OF_A_READ,
    )


def _judge_cost(target: str, ours: Cell, other: Cell, most: float) -> Outcome:
    ratio = paired_ratio(ours.percentiles(50), other.percentiles(50))
    measured = (
        f"{ratio.median:.2f} × (quartiles {ratio.lower_quartile:.2f} to {ratio.upper_quartile:.2f}): "
        f"{ours.spread().median:.2f} beside {other.spread().median:.2f} ms"
    )
    return Outcome(target, measured, is_met=ratio.median <= most)


def _many_accounts(results: Results) -> Cell:
    return next(cell for cell in results.list_cells("submit") if cell.system == "ours" and cell.load != "1 account")


def _judge_noop(results: Results) -> Iterator[Outcome]:
    cells = results.list_cells("noop")
    ours = _fastest([cell for cell in cells if cell.system.startswith("ours")])
    stock = _fastest([cell for cell in cells if cell.system.startswith("celery")])
    if ours and stock:
        target = f"no-op jobs/s ≥ {OF_STOCK_CELERY:g} × stock Celery with its results on, each at its best"
        yield _judge_rate(target, ours, stock, OF_STOCK_CELERY)


def _fastest(cells: list[Cell]) -> Cell | None:
    return max(cells, key=lambda cell: cell.spread().median, default=None)


def _judge_rate(target: str, ours: Cell, peer: Cell, least: float) -> Outcome:
    ratio = paired_ratio(ours.percentiles(50), peer.percentiles(50))
    measured = (
        f"{ratio.median:.2f} × (quartiles {ratio.lower_quartile:.2f} to {ratio.upper_quartile:.2f}): "
        f"{ours.spread().median:.0f} beside {peer.spread().median:.0f}"
    )
    return Outcome(target, measured, is_met=ratio.median >= least)


def _judge_handoff(results: Results) -> Iterator[Outcome]:
    ours, floor = results.find("handoff", "ours", "claimed"), results.find("handoff", "brpop", "")
    if ours is None or floor is None:
        return
    ratio = paired_ratio(ours.percentiles(50), floor.percentiles(50))
    rung = results.find("handoff", "ours", "rung")
    yield Outcome(
        f"ring to claim, p50 ≤ {OF_BRPOP:g} × a BRPOP hand-off",
        f"{ratio.median:.1f} × (quartiles {ratio.lower_quartile:.1f} to {ratio.upper_quartile:.1f}): "
        f"{ours.percentile(50):.2f} ms beside {floor.percentile(50):.2f} ms"
        + (f"; until the ring is in the worker {rung.percentile(50):.2f} ms" if rung else ""),
        is_met=ratio.median <= OF_BRPOP,
    )
    p99 = ours.percentile(99)
    yield Outcome(
        f"ring to claim, p99 ≤ {HANDOFF_P99_MS:g} ms",
        f"{p99:.1f} ms (BRPOP {floor.percentile(99):.1f} ms)",
        is_met=p99 <= HANDOFF_P99_MS,
    )


def _judge_claims(results: Results) -> Iterator[Outcome]:
    ratios = {}
    for accounts in dict.fromkeys(cell.system for cell in results.list_cells("claim")):
        cells = {int(cell.load): cell for cell in results.list_cells("claim") if cell.system == accounts}
        short, long = cells[min(cells)], cells[max(cells)]
        if short is not long:
            ratios[accounts] = (long.percentile(99) / short.percentile(99), short, long)
    if ratios:
        worst = max(ratios, key=lambda accounts: ratios[accounts][0])
        ratio, short, long = ratios[worst]
        yield Outcome(
            f"a claim's p99 with {int(long.load):,} rows ≤ {OF_A_SHORT_QUEUE:g} × that with {int(short.load):,}",
            f"{ratio:.2f} × with {int(worst):,} accounts, the worst of {len(ratios)} numbers of accounts: "
            f"{long.percentile(99):.1f} ms beside {short.percentile(99):.1f} ms",
            is_met=ratio <= OF_A_SHORT_QUEUE,
        )


def _judge_fairness(results: Results) -> Iterator[Outcome]:
    for measure, words in (("fair wait", "wait for a worker"), ("fair turnaround", "wait for the picture")):
        for scenario in (AT_ONCE, NOW_AND_THEN):
            cells = [results.find(measure, policy, scenario) for policy in (ALONE, FAIR, FIRST_COME)]
            alone, fair, first_come = cells
            if alone is None or fair is None:
                continue
            ratio = fair.percentile(99) / alone.percentile(99)
            yield Outcome(
                f"light account, {scenario}: p99 {words} ≤ {OF_ALONE:g} × alone",
                f"{ratio:.2f} ×: {fair.percentile(99):.2f} s beside {alone.percentile(99):.2f} s alone"
                + (f" (first come first served: {first_come.percentile(99):.2f} s)" if first_come else ""),
                is_met=ratio <= OF_ALONE,
            )
    fair, first_come = (results.find("fair throughput", policy, AT_ONCE) for policy in (FAIR, FIRST_COME))
    if fair and first_come:
        ratio_ = paired_ratio(fair.percentiles(50), first_come.percentiles(50))
        yield Outcome(
            f"throughput beside it ≥ {OF_FIRST_COME:g} × first come first served",
            f"{ratio_.median:.2f} × ({fair.spread().median:.1f} beside {first_come.spread().median:.1f} jobs/s)",
            is_met=ratio_.median >= OF_FIRST_COME,
        )
