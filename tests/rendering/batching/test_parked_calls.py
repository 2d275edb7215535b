"""Which calls share a forward, which go first, and how long a group waits for a job. Time is passed in."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import pairwise

import pytest
import torch

from worker.rendering.batching import BatchJob
from worker.rendering.batching.call import DenoiserCall, read_call
from worker.rendering.batching.parked_calls import ParkedCalls


def call(job: BatchJob, *, rows: int = 1, width: int = 3) -> DenoiserCall:
    """A call; calls of one width have one key."""
    return read_call(job, "unet", torch.nn.Identity(), {"sample": torch.zeros(rows, width)})


class Line:
    """Parked calls, and a clock."""

    def __init__(self, most_rows: int = 64) -> None:
        self.waiting = ParkedCalls()
        self.now = 0.0
        self._most_rows = most_rows

    def park(self, *calls: DenoiserCall) -> None:
        for each in calls:
            self.waiting.park(each, self.now)

    def take(self) -> list[DenoiserCall]:
        return self.waiting.take_next(self.now, self._limit).calls

    def wait_seconds(self) -> float | None:
        group = self.waiting.take_next(self.now, self._limit)
        assert group.calls == []
        return group.wait_seconds

    def run(self, seconds: float = 1.0) -> list[DenoiserCall]:
        """Take a group, and let its forward take `seconds`."""
        calls = self.take()
        if calls:
            self.now += seconds
            self.waiting.answer(calls, self.now)
            self.waiting.record(calls[0].key, len(calls), seconds)
        return calls

    def _limit(self, shape: Hashable) -> int:
        assert shape
        return self._most_rows


def test_there_is_no_call() -> None:
    """Without calls there is nothing to run, and no time to wait for."""
    assert Line().wait_seconds() is None


def test_a_single_job_does_not_wait() -> None:
    """A single job's call runs at once."""
    line, job = Line(), BatchJob()
    for _ in range(3):
        line.park(call(job))
        assert [each.job for each in line.run()] == [job]


def test_all_in_flight_go_together() -> None:
    """The group is ready when every job in flight has called, and has the order of the calls."""
    line, jobs = Line(), [BatchJob() for _ in range(3)]
    line.park(*map(call, jobs))
    assert [each.job for each in line.run()] == jobs

    line.park(call(jobs[2]), call(jobs[0]))
    assert line.wait_seconds() is not None
    line.park(call(jobs[1]))
    assert [each.job for each in line.run()] == [jobs[2], jobs[0], jobs[1]]


def test_waiting_has_a_bound() -> None:
    """A group waits for a job that does not call again for half a forward at most, and returns how long that is."""
    line, slow, quick = Line(), BatchJob(), BatchJob()
    line.waiting._turnaround_seconds = 100.0
    line.park(call(slow), call(quick))
    line.run(seconds=1.0)
    line.park(call(quick))

    assert line.wait_seconds() == pytest.approx(0.5)
    line.now += 0.4
    assert line.wait_seconds() == pytest.approx(0.1)
    line.now += 0.11
    assert [each.job for each in line.run()] == [quick]


def test_waiting_goes_by_how_fast_jobs_come_back() -> None:
    """A group waits at most four times the average time that jobs take to call again, however long forwards are."""
    line, slow, quick = Line(), BatchJob(), BatchJob()
    line.park(call(slow), call(quick))
    line.run(seconds=100.0)
    line.now += 0.002
    line.park(call(quick))

    assert line.wait_seconds() == pytest.approx(0.008)


def test_how_fast_jobs_come_back_is_learned() -> None:
    """If jobs take a tenth of a second between their calls, others wait for them for four tenths."""
    line, slow, quick = Line(), BatchJob(), BatchJob()
    line.park(call(slow), call(quick))
    for _ in range(100):
        assert len(line.run(seconds=100.0)) == 2
        line.now += 0.1
        line.park(call(slow), call(quick))
    line.run(seconds=100.0)
    line.now += 0.1
    line.park(call(quick))

    assert line.wait_seconds() == pytest.approx(0.4, rel=0.01)


def test_a_slow_job_does_not_make_others_wait_for_long() -> None:
    """A job that calls again after an hour counts as one second, once."""
    line, job = Line(), BatchJob()
    line.park(call(job))
    line.run()
    line.now += 3600
    line.park(call(job))

    assert line.waiting._turnaround_seconds < 0.11


def test_a_job_that_leaves_is_not_waited_for() -> None:
    """When the job that the others wait for leaves, they run; a job that never was there may leave too."""
    line, leaving, staying = Line(), BatchJob(), BatchJob()
    line.park(call(leaving), call(staying))
    line.run()
    line.park(call(staying))
    assert line.wait_seconds() is not None

    line.waiting.leave(leaving)
    line.waiting.leave(BatchJob())

    assert [each.job for each in line.run()] == [staying]
    assert line.waiting.jobs_in_flight == 1


def test_a_job_of_another_key_is_not_waited_for() -> None:
    """A job whose latest call had another key does not keep this group waiting."""
    line, wide, narrow = Line(), BatchJob(), BatchJob()
    line.park(call(wide, width=9), call(narrow))
    assert {each.job for each in (*line.run(), *line.run())} == {wide, narrow}
    line.park(call(narrow))

    assert [each.job for each in line.run()] == [narrow]


def test_what_does_not_fit_goes_next() -> None:
    """Calls are taken oldest first within the limit; smaller calls do not overtake one that is too large for the rest."""
    line = Line(most_rows=4)
    first, second, large, last = (BatchJob() for _ in range(4))
    line.park(call(first), call(second, rows=2), call(large, rows=3), call(last))

    assert [each.job for each in line.run()] == [first, second]
    assert [each.job for each in line.run()] == [large, last]
    assert line.wait_seconds() is None


def test_a_call_above_the_limit_goes_alone() -> None:
    """A job of more pictures than the limit still runs."""
    line = Line(most_rows=2)
    large, small = BatchJob(), BatchJob()
    line.park(call(large, rows=5), call(small))

    assert [each.job for each in line.run()] == [large]
    assert [each.job for each in line.run()] == [small]


def work(line: Line, forwards: int) -> list[list[BatchJob]]:
    """Run `forwards` forwards of a second each; a job that is answered calls again at once. Returns the jobs of each."""
    turns = []
    for _ in range(forwards):
        calls = line.run()
        turns.append([each.job for each in calls])
        line.park(*(call(each.job, width=each.arguments["sample"].shape[1]) for each in calls))
    return turns


def test_a_rare_size_gets_its_share() -> None:
    """One job of a rare size beside eight of a common one has as much of the device as each of them: every ninth forward,
    and never one fewer.
    """
    line, common, rare = Line(), [BatchJob() for _ in range(8)], BatchJob()
    line.park(*map(call, common), call(rare, width=9))

    turns = work(line, 900)

    assert turns.count([rare]) == pytest.approx(100, abs=1)
    assert turns.count(common) == 900 - turns.count([rare])
    places = [place for place, jobs in enumerate(turns) if jobs == [rare]]
    assert max(later - sooner for sooner, later in pairwise(places)) <= 10


def test_a_job_of_two_modules_gets_no_more_than_its_share() -> None:
    """A job that alternates between a ControlNet and its denoiser has no more of the device than one of another size."""
    line, pair, plain = Line(), BatchJob(), BatchJob()
    line.park(call(pair), call(plain, width=9))
    turns = []
    for _ in range(100):
        [each] = line.run()
        turns.append(each.job)
        if each.job is plain:
            line.park(call(plain, width=9))
        else:
            line.park(call(pair, width=8 - each.arguments["sample"].shape[1]))

    assert turns.count(plain) >= 33


def test_a_newcomer_is_owed_nothing() -> None:
    """A size that arrives after a thousand forwards of others takes turns with them, and does not catch up."""
    line, old, new = Line(), BatchJob(), BatchJob()
    line.park(call(old))
    work(line, 1_000)

    line.park(call(new, width=9))

    assert work(line, 10).count([new]) == pytest.approx(5, abs=1)


def test_many_keys_take_turns() -> None:
    """Twelve jobs that cannot share with each other each have a turn in every round."""
    line, jobs = Line(), [BatchJob(goes_alone=True) for _ in range(12)]
    line.park(*map(call, jobs))

    turns = work(line, 120)

    for round_start in range(0, 120, 12):
        assert {job for [job] in turns[round_start : round_start + 12]} == set(jobs)


def test_a_late_call_does_not_starve_the_line() -> None:
    """With a limit of two rows, five jobs that call again at once are served in turn."""
    line, jobs = Line(most_rows=2), [BatchJob() for _ in range(5)]
    line.park(*map(call, jobs))

    served = [job for turn in work(line, 50) for job in turn]

    assert len(served) == 100
    assert [served.count(job) for job in jobs] == [20] * 5


def test_unused_keys_are_forgotten() -> None:
    """Thousands of deterministic jobs, each with a key of its own, leave no state behind."""
    line = Line()
    for _ in range(1_000):
        job = BatchJob(goes_alone=True)
        line.park(call(job))
        line.run()
        line.waiting.leave(job)

    assert line.waiting._services == {}
    assert line.waiting._answered_at == {}
    assert line.waiting.jobs_in_flight == 0


def test_everything_that_waits_can_be_taken() -> None:
    """`take_all` returns the waiting calls of every key, for a model that is unloaded; then none waits."""
    line, calls = Line(), [call(BatchJob()), call(BatchJob(), width=9)]
    line.park(*calls)

    assert line.waiting.take_all() == calls
    assert line.wait_seconds() is None
