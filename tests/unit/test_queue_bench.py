"""The queue benchmark's own arithmetic: its loads, its clients, its figures and its judgement."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.queue.bench import in_turns, wait_until
from bench.queue.command_line import read_plan
from bench.queue.http_load import build_request, is_whole, run_load
from bench.queue.parts.fair import ALONE, AT_ONCE, FAIR, FIRST_COME, NOW_AND_THEN, plan_arrivals
from bench.queue.parts.handoff import measure_delays
from bench.queue.plan import PARTS
from bench.queue.report.table import write_table
from bench.queue.report.targets import judge_targets
from bench.queue.results import Results
from bench.report_run import read_results


def test_a_quick_plan_is_a_small_plan() -> None:
    """Every part is there, with less of everything; what is said on the command line wins."""
    full, quick = read_plan([]), read_plan(["--quick"])

    assert full.parts == quick.parts == PARTS
    assert full.queue_sizes == (1_000, 10_000, 100_000, 1_000_000)
    assert full.account_counts == (1, 100, 10_000)
    assert quick.noop_jobs < full.noop_jobs
    assert quick.rounds < full.rounds
    assert read_plan(["--quick", "--rounds", "7", "--sizes", "10,20"]).queue_sizes == (10, 20)


@pytest.mark.parametrize("arguments", [["--parts", "nap"], ["--rounds", "0"], ["--sizes", "1000,-1"]])
def test_a_plan_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    """Nobody measures a typing error."""
    with pytest.raises(SystemExit):
        read_plan(arguments)


def test_figures_come_from_the_rounds() -> None:
    """A rate is the median of its rounds; a percentile is that of all values; and a file gives back what went in."""
    results = _results()
    for rate in (10.0, 30.0, 20.0):
        results.add("submit", "ours", "16 accounts", [rate])
    results.add("claim", "1", "1000", [1.0, 2.0, 3.0])
    results.add("claim", "1", "1000", [4.0])

    rates, claims = results.find("submit", "ours", "16 accounts"), results.find("claim", "1", "1000")
    assert rates is not None
    assert claims is not None
    assert rates.spread().median == 20
    assert (rates.spread().lowest, rates.spread().highest) == (10, 30)
    assert claims.percentile(50) == 2
    assert claims.percentile(99) == 4
    assert claims.percentiles(50) == [2, 4]
    assert results.find("claim", "1", "10") is None
    with pytest.raises(ValueError, match="nothing was measured"):
        results.add("claim", "1", "1000", [])


def test_cells_are_listed_in_the_order_that_people_count_in() -> None:
    """Whatever the order of the run was, 10,000 rows stand before 100,000, and those after 1,000."""
    results = _results()
    for accounts, rows in (("10", "100000"), ("1", "1000"), ("10", "1000"), ("10", "10000")):
        results.add("claim", accounts, rows, [1.0])

    listed = [(cell.system, cell.load) for cell in results.list_cells("claim")]
    assert listed == [("1", "1000"), ("10", "1000"), ("10", "10000"), ("10", "100000")]


def test_results_survive_their_file(tmp_path: Path) -> None:
    """Table and plot can be made again from results.json."""
    results = _results()
    results.add("noop", "ours-1", "", [123.456789])
    results.write(tmp_path / "results.json")

    again = read_results(Results, tmp_path / "results.json")
    assert again.cells[0].rounds == [[123.5]]
    assert again.machine == results.machine
    assert again.settings == results.settings


def test_every_round_has_an_order_of_its_own_with_everybody_in_it() -> None:
    """Turns are shuffled, the same way for the same round, and nobody is left out."""
    orders = {tuple(in_turns("abcd", f"{number}")) for number in range(20)}

    assert len(orders) > 5
    assert all(sorted(order) == list("abcd") for order in orders)
    assert in_turns("abcd", "3") == in_turns("abcd", "3")


def test_what_does_not_happen_is_said() -> None:
    """Waiting ends, and the error says for what."""
    wait_until(lambda: True, seconds=0, what="the obvious")
    with pytest.raises(RuntimeError, match="the start of the worker did not happen"):
        wait_until(lambda: False, seconds=0.02, what="the start of the worker")


def test_delays_are_those_of_the_same_ring() -> None:
    """Each job is found by its id, whatever order they were seen in; one that was never seen is an error."""
    sent = {"a": 1_000_000, "b": 5_000_000}
    seen = {"b": [6_000_000, 9_000_000], "a": [1_500_000, 3_000_000]}

    assert measure_delays(sent, seen, column=0) == [0.5, 1.0]
    assert measure_delays(sent, seen, column=1) == [2.0, 4.0]
    with pytest.raises(KeyError):
        measure_delays({"c": 0}, seen, column=0)


def test_the_heavy_account_sends_twenty_times_as_much() -> None:
    """Every policy gets the same jobs; alone, the light account has enough time between its own."""
    plan = read_plan(["--quick"])

    for scenario in (AT_ONCE, NOW_AND_THEN):
        arrivals = plan_arrivals(plan, scenario, seed=4)
        light = [one for one in arrivals if one.sender == "light"]
        heavy = [one for one in arrivals if one.sender == "heavy"]
        assert arrivals == plan_arrivals(plan, scenario, seed=4) != plan_arrivals(plan, scenario, seed=5)
        assert (len(light), len(heavy)) == (plan.light_jobs, 20 * plan.light_jobs)
        assert {one.at for one in heavy} == {0.0}
        assert all(0.5 <= one.work_seconds / plan.work_seconds <= 1.5 for one in arrivals)
        assert all((one.at > 0) is (scenario == NOW_AND_THEN) for one in light)


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"HTTP/1.1 202 Accepted\r\nContent-Le", False),
        (b"HTTP/1.1 202 Accepted\r\ncontent-length: 4\r\n\r\nabc", False),
        (b"HTTP/1.1 202 Accepted\r\nServer: x\r\nContent-Length: 4\r\n\r\nabcd", True),
    ],
)
def test_an_answer_is_whole_when_all_of_it_has_come(received: bytes, whole: bool) -> None:
    """However the bytes are cut."""
    assert is_whole(received, 202) is whole


def test_another_answer_spoils_the_measurement() -> None:
    """An error is not counted as a submit."""
    with pytest.raises(RuntimeError, match="503"):
        is_whole(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", 202)


def test_clients_ask_again_when_they_are_answered() -> None:
    """Three clients of a server that takes 20 ms get about 15 answers each in 0.3 s, and send what they were given."""
    seen: list[tuple[str, str, bytes]] = []
    with _serving(seen) as port:
        requests = [build_request("/v1/jobs", b"{}", api_key=f"key-{number}") for number in range(3)]
        load = run_load(port, requests, seconds=0.3)

    assert {request[1] for request in seen} == {f"Bearer key-{number}" for number in range(3)}
    assert {(path, body) for path, _, body in seen} == {("/v1/jobs", b"{}")}
    assert 3 <= load.answered <= 45
    assert load.answered == len(load.latencies) == len(seen) - 3  # the last of each came too late to count
    assert all(latency >= 0.02 for latency in load.latencies)
    assert load.per_second == pytest.approx(load.answered / 0.3)


def test_a_load_lasts_until_the_first_answer() -> None:
    """Where no answer comes within the time, the first one counts, over the time that it took."""
    with _serving([]) as port:
        load = run_load(port, [build_request("/v1/jobs", b"{}", api_key="key")], seconds=0.001)

    [latency] = load.latencies
    assert load.answered == 1
    assert load.per_second <= 1 / latency


def test_targets_are_judged_by_ratios_of_the_same_round() -> None:
    """What is good enough is met and what is not is missed, with both figures beside it."""
    good, bad = (_judged(factor) for factor in (1.0, 0.1))

    assert len(good) == len(bad) == 11
    assert all(good.values())
    assert not any(bad.values())


def test_the_table_has_every_part_that_was_measured_and_no_other() -> None:
    """A run of one part is a page of one part."""
    page = write_table(_measured(1.0))
    for title in ("Targets", "No-op jobs", "From ring to claim", "A claim", "Submits", "A sweep", "A light account"):
        assert f"## {title}" in page
    assert "| no-op jobs/s ≥ 1 × stock Celery with its results on, each at its best | 2.00 × " in page

    alone = _results()
    alone.add("noop", "ours-1", "", [100.0])
    assert "## Submits" not in write_table(alone)
    assert "## Targets" not in write_table(alone)
    assert "busy" in write_table(alone)


def _results() -> Results:
    return Results(
        machine={"processor": "a processor", "cores": "2"}, settings={"rounds": "3", "beside the run": "busy"}
    )


def _judged(factor: float) -> dict[str, bool]:
    return {outcome.target: outcome.is_met for outcome in judge_targets(_measured(factor))}


def _measured(factor: float) -> Results:
    """A run in which everything is `factor` times as good as twice what it should be."""
    results = _results()
    for noise in (0.9, 1.0, 1.1):  # a disturbed round disturbs both sides
        for measure, system, load, value in (
            ("submit", "ours", "16 accounts", 400 * factor),
            ("submit", "ours", "1 account", 1.0),
            ("submit", "floor", "16 accounts", 400.0),
            ("submit", "naive", "16 accounts", 100.0),
            ("noop", "ours-1", "", 100 * factor),
            ("noop", "ours-2", "", 200 * factor),
            ("noop", "celery-prefork", "", 100.0),
            ("fair throughput", FAIR, AT_ONCE, 100 * factor),
            ("fair throughput", FIRST_COME, AT_ONCE, 100.0),
        ):
            results.add(measure, system, load, [value * noise])
        for measure, system, load, value in (
            ("handoff", "brpop", "", 1.0),
            ("handoff", "ours", "rung", 1.0),
            ("handoff", "ours", "claimed", 2 / factor),
            ("claim", "100", "1000", 4.0),
            ("claim", "100", "1000000", 4 / factor),
            ("sweep", "nothing expired", "1000", 1.0),
            *(("fair wait", ALONE, scenario, 1.0) for scenario in (AT_ONCE, NOW_AND_THEN)),
            *(("fair wait", FAIR, scenario, 1 / factor) for scenario in (AT_ONCE, NOW_AND_THEN)),
            *(("fair turnaround", ALONE, scenario, 1.0) for scenario in (AT_ONCE, NOW_AND_THEN)),
            *(("fair turnaround", FAIR, scenario, 1 / factor) for scenario in (AT_ONCE, NOW_AND_THEN)),
        ):
            results.add(measure, system, load, [value * noise] * 4)
    return results


@contextmanager
def _serving(seen: list[tuple[str, str, bytes]]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers["Authorization"], body))
            time.sleep(0.02)
            self.send_response(202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
