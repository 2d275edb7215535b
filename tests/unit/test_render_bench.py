"""The render benchmark's own parts: its loads, its load generator, its grouping and its statistics."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import paired_ratio, percentile, spread
from bench.render.grouping import group_jobs, group_key
from bench.render.jobs import GUIDANCE_SCALES, STEPS, TASKS, Job, make_jobs
from bench.render.report.table import write_table
from bench.render.report.targets import judge_targets
from bench.render.results import ClosedCell, OpenCell, Results, Round, SystemNote
from bench.render.serve.batches import Batches
from bench.render.traffic import Served, Traffic, poisson_arrivals, run_closed_loop, run_open_loop
from bench.report_run import read_results


def test_a_mixed_load_has_every_combination_equally_often() -> None:
    """36 jobs hold each of the 18 combinations of task, steps and guidance twice."""
    jobs = make_jobs("mixed", 36, seed=5, size=64)

    counts = Counter((job.task, job.steps, job.guidance_scale) for job in jobs)

    assert counts == dict.fromkeys(itertools.product(TASKS, STEPS, GUIDANCE_SCALES), 2)
    assert {job.image is not None for job in jobs if job.task == "image"} == {True}
    assert {job.image for job in jobs if job.task == "text"} == {None}


def test_a_seed_gives_the_same_jobs_and_another_one_others() -> None:
    """Systems get equal jobs within a round; rounds have prompts of their own, so that no prompt cache helps."""
    jobs = make_jobs("mixed", 18, seed=1, size=64)

    assert make_jobs("mixed", 18, seed=1, size=64) == jobs
    assert not {job.prompt for job in jobs} & {job.prompt for job in make_jobs("mixed", 18, seed=2, size=64)}
    assert len({job.seed for job in jobs}) == 18


def test_a_job_survives_the_pipe_with_its_picture() -> None:
    """What a child process reads is what was sent."""
    traffic = Traffic(make_jobs("mixed", 4, seed=1, size=64), concurrency=2)

    assert Traffic.from_json(traffic.to_json()) == traffic
    picture = next(job for job in make_jobs("mixed", 18, seed=1, size=64) if job.task == "image").input_picture()
    assert picture.size == (64, 64)


def test_a_load_that_is_none_is_refused() -> None:
    """Nobody measures a typing error."""
    with pytest.raises(ValueError, match="there is no load"):
        make_jobs("mixt", 1, seed=0, size=64)


@given(st.lists(st.sampled_from(make_jobs("mixed", 18, seed=3, size=64)), max_size=40), st.integers(1, 8))
def test_groups_hold_every_job_once_and_only_equal_ones(jobs: list[Job], max_rows: int) -> None:
    """Each group can be one call of a pipeline, none is too large, and none could be joined to another."""
    groups = group_jobs(jobs, max_rows=max_rows)

    assert sorted(itertools.chain(*groups)) == list(range(len(jobs)))
    assert all(len({group_key(jobs[position]) for position in group}) == 1 for group in groups)
    assert all(len(group) <= max_rows for group in groups)
    unfilled = [group_key(jobs[group[0]]) for group in groups if len(group) < max_rows]
    assert len(unfilled) == len(set(unfilled))


def test_static_batching_serves_the_longest_waiting_and_all_like_it() -> None:
    """Of jobs A B A C A, with room for two, the batches are A A, then B, then C, then A: fair, and as full as may be."""
    kinds = {"A": 8, "B": 12, "C": 20}
    calls: list[list[str]] = []

    def render(jobs: Sequence[Job]) -> list[bytes]:
        calls.append([job.prompt for job in jobs])
        return [job.prompt.encode() for job in jobs]

    batches = Batches(render, max_rows=2)
    template = make_jobs("uniform", 1, seed=0, size=64)[0]
    answers: dict[int, bytes] = {}

    def ask(position: int, kind: str) -> None:
        answers[position] = batches.render(replace(template, prompt=kind, steps=kinds[kind]))

    clients = []
    for position, kind in enumerate("ABACA"):
        clients.append(threading.Thread(target=ask, args=(position, kind)))
        clients[-1].start()
        time.sleep(0.01)  # so that they wait in this order
    runner = threading.Thread(target=batches.run)
    runner.start()
    for client in clients:
        client.join()
    batches.close()
    runner.join()

    assert calls == [["A", "A"], ["B"], ["C"], ["A"]]
    assert [answers[position].decode() for position in range(5)] == list("ABACA")


def test_a_batch_that_fails_fails_its_own_jobs_only() -> None:
    """The next batch is rendered all the same."""

    def render(jobs: Sequence[Job]) -> list[bytes]:
        if jobs[0].prompt == "bad":
            raise ArithmeticError("bad")
        return [b"png"]

    batches = Batches(render, max_rows=1)
    runner = threading.Thread(target=batches.run)
    runner.start()
    job = make_jobs("uniform", 1, seed=0, size=64)[0]

    with pytest.raises(ArithmeticError):
        batches.render(replace(job, prompt="bad"))
    assert batches.render(job) == b"png"
    batches.close()
    runner.join()


def test_a_closed_loop_keeps_as_many_jobs_under_way_as_it_has_clients() -> None:
    """Never more, and all of them as long as there are jobs; the answers come in the jobs' order."""
    under_way, most = 0, 0
    changing = threading.Lock()

    def render(job: Job) -> bytes:
        nonlocal under_way, most
        with changing:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with changing:
            under_way -= 1
        return job.prompt.encode()

    jobs = make_jobs("mixed", 12, seed=0, size=64)
    served = run_closed_loop(render, jobs, concurrency=3)

    assert most == 3
    assert [one.png.decode() for one in served] == [job.prompt for job in jobs]
    assert all(one.latency >= 0.01 for one in served)


def test_an_open_loop_counts_from_the_arrival_however_late_the_server_is() -> None:
    """With one job at a time of 50 ms, three that arrive together wait 50, 100 and 150 ms."""
    serving = threading.Lock()

    def render(_job: Job) -> bytes:
        with serving:
            time.sleep(0.05)
        return b""

    served = run_open_loop(render, make_jobs("uniform", 3, seed=0, size=64), arrivals=[0.02, 0.02, 0.02])

    assert [one.arrived for one in served] == [0.02] * 3
    for latency, least in zip(sorted(one.latency for one in served), (0.05, 0.10, 0.15), strict=True):
        assert latency >= least


def test_a_lost_job_spoils_the_measurement() -> None:
    """A measurement with a failed job raises, with the reason, and only after every client is back."""

    def render(job: Job) -> bytes:
        if job.steps == 8:
            raise ArithmeticError("no")
        return b""

    with pytest.raises(RuntimeError, match="6 jobs of the measurement were not rendered") as caught:
        run_closed_loop(render, make_jobs("mixed", 18, seed=0, size=64), concurrency=2)
    assert isinstance(caught.value.__cause__, ArithmeticError)


def test_arrivals_are_a_poisson_process_that_can_be_repeated() -> None:
    """The gaps' mean is 1 / rate and their deviation as large (exponential); equal seeds give equal moments."""
    arrivals = poisson_arrivals(20_000, rate=4.0, seed=1)
    gaps = [later - earlier for earlier, later in itertools.pairwise([0.0, *arrivals])]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5

    assert mean == pytest.approx(0.25, rel=0.03)
    assert deviation == pytest.approx(0.25, rel=0.03)
    assert poisson_arrivals(10, rate=4.0, seed=1) == arrivals[:10]


def test_spread_and_percentiles_are_the_textbook_ones() -> None:
    """Median, inclusive quartiles, extremes; nearest rank."""
    figures = spread([5.0, 1.0, 2.0, 4.0, 3.0])

    assert (figures.median, figures.lower_quartile, figures.upper_quartile) == (3.0, 2.0, 4.0)
    assert (figures.lowest, figures.highest, figures.rounds) == (1.0, 5.0, 5)
    assert spread([2.0]).upper_quartile == 2.0
    assert percentile(list(range(1, 101)), 99) == 99
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    with pytest.raises(ValueError, match="no rounds"):
        spread([])


def test_ratios_are_taken_round_by_round() -> None:
    """A round in which the machine was busy slows both sides, and leaves the ratio alone."""
    ratio = paired_ratio([4.0, 2.0, 8.0], [2.0, 1.0, 4.0])

    assert (ratio.median, ratio.lowest, ratio.highest) == (2.0, 2.0, 2.0)


@pytest.fixture
def results() -> Results:
    """A run in which the engine is twice as fast as the loop, and 1.6 times as fast as static batching."""
    run = Results(
        machine={"processor": "abacus"},
        settings={"rounds": "2"},
        systems=[
            SystemNote(
                name,
                letter,
                name,
                "…",
                static_batching=name == "static",
                ours=name == "engine",
                openmp="libgomp",
                openmp_trials={},
            )
            for name, letter in (("loop", "a"), ("static", "b"), ("engine", "c"))
        ],
        parity={"engine": 1},
    )
    for name, alone, busy, p99 in (("loop", 4.0, 4.0, 9.0), ("static", 4.0, 5.0, 4.0), ("engine", 3.95, 8.0, 2.0)):
        for concurrency, speed in ((1, alone), (8, busy)):
            rounds = [Round(speed * disturbed, 1000 / speed, [1 / speed] * 4) for disturbed in (1.0, 0.5)]
            run.closed.append(ClosedCell(name, "mixed", concurrency, rounds))
        run.open.append(OpenCell(name, 1.0, "static", 5.0, [Round(5.0, 100.0, [0.5, p99])]))
    return run


def test_targets_are_judged_against_the_best_of_the_others(results: Results) -> None:
    """1.6 times the best, half its p99 and 1.3 % over the pipeline alone: all met."""
    outcomes = judge_targets(results)

    assert [outcome.is_met for outcome in outcomes] == [True, True, True]
    assert "1.60 × static" in outcomes[0].measured
    assert "0.50 × static" in outcomes[1].measured
    assert "+1.3%" in outcomes[2].measured


def test_the_table_says_what_was_missed(results: Results) -> None:
    """A target that was not reached is published as such."""
    for cell in results.closed:
        if cell.system == "engine":
            cell.rounds = [replace(one, images_per_second=one.images_per_second / 2) for one in cell.rounds]

    page = write_table(results)

    assert "| no |" in page
    assert "0.80 × static" in page
    assert "abacus" in page


def test_results_can_be_read_back(results: Results, tmp_path: Path) -> None:
    """The file holds everything that the page is made from."""
    path = tmp_path / "results.json"
    results.write(path)

    assert read_results(Results, path) == results


def test_what_was_served_survives_the_pipe() -> None:
    """Times and bytes."""
    served = Served(arrived=0.5, finished=1.5, png=b"\x89PNG")

    assert Served.from_json(served.to_json()) == served
