"""The batcher of one model: jobs' threads call its denoisers, and runner threads run them, several calls at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import structlog
import torch

from core.metrics import BATCH_ROWS
from worker.rendering.batching.admission import Admission
from worker.rendering.batching.batch_job import AdapterSet, BatchJob
from worker.rendering.batching.call import DenoiserCall, read_call
from worker.rendering.batching.forward import run_forward
from worker.rendering.batching.gate import Gate
from worker.rendering.batching.hook import install_hook, remove_hook, watch_calls
from worker.rendering.batching.parked_calls import ParkedCalls
from worker.rendering.batching.running_forwards import GivenForward, RunningForwards
from worker.rendering.batching.stopwatch import Stopwatch, build_stopwatch
from worker.rendering.batching.thread_choice import ThreadChoice
from worker.rendering.cores import get_cores, set_threads

#: The most rows of one forward, whatever admission measures.
_MOST_ROWS = 64

_log = structlog.get_logger()


class Batcher:
    """In-flight batching of the calls that jobs make of some modules.

    Inside `with batcher.job(...)` a thread's calls of the modules are parked, joined with those of other jobs, and
    answered; outside of it the modules work as usual. Jobs join and leave at any call.
    """

    def __init__(
        self,
        modules: Mapping[str, torch.nn.Module],
        *,
        others: Mapping[str, torch.nn.Module] | None = None,
        name: str = "model",
        activate: Callable[[AdapterSet], None] = lambda _adapters: None,
        most_rows: int = _MOST_ROWS,
        runners: int = 1,
    ) -> None:
        """`modules` by their names in the pipeline; the calls of `others` are only counted. `activate` switches the model to a
        set of adapters. Each of the `runners` threads runs one forward at a time: one thread for a GPU, which one forward
        keeps busy; more on a CPU, whose cores the forwards divide among them (see `Cores`).
        """
        self._name = name
        self._modules = dict(modules)
        self._gate = Gate(activate)
        self._parked = ParkedCalls(runners=runners)
        self._most_rows = most_rows
        #: By cores of a forward: what rows cost with one number of cores says nothing about another number.
        self._admissions: dict[int, Admission] = {}
        self._thread_choice = ThreadChoice()
        self._cores = get_cores()
        self._jobs = 0
        self._idle: set[int] = set()
        self._changed = threading.Condition()
        self._current = threading.local()
        self._preparing = threading.Lock()
        self._is_closed = False
        self.forwards = 0
        #: The models that jobs call again and again, and that are not batched: each is logged once.
        self._known_apart: set[str] = set()
        for module_name, module in self._modules.items():
            install_hook(module, module_name, self._answer)
        self._others = dict(others or {})
        for module_name, module in self._others.items():
            watch_calls(module, partial(self._count_call, module_name))
        self._runners = [
            threading.Thread(target=self._run, args=(number,), name=f"denoise-{name}-{number}", daemon=True)
            for number in range(runners)
        ]
        for runner in self._runners:
            runner.start()

    @contextmanager
    def job(self, job: BatchJob) -> Iterator[BatchJob]:
        """The calls that this thread makes inside the block are the job's.

        Until its first call the job uses the model's other components alone. Tokenizers keep the padding of a call in
        themselves: of two jobs that prepare at once, one gets the other's padding, and a wrong picture without an error.
        """
        self._current.job = job
        self._preparing.acquire()
        job.is_preparing = True
        self._count_jobs(1)
        try:
            with self._cores.working(everything=job.goes_alone):
                yield job
        finally:
            self._current.job = None
            self._end_preparation(job)
            self.leave(job)
            self._count_jobs(-1)

    def leave(self, job: BatchJob) -> None:
        """The job has made its last call: no group waits for another one."""
        with self._changed:
            self._parked.leave(job)
            self._note_work()
            self._changed.notify_all()

    def paused(self) -> AbstractContextManager[None]:
        """No forward runs during the block, so that the modules can be changed; jobs that call wait until it ends."""
        return self._gate.held()

    @property
    def jobs_in_flight(self) -> int:
        """Jobs between their first and their last call."""
        with self._changed:
            return self._parked.jobs_in_flight

    def describe_costs(self) -> dict[str, dict[str, float]]:
        """The measured milliseconds for each row, by shape and number of rows, with the cores of a forward at the moment."""
        with self._changed:
            return self._find_admission(self._cores.part).describe()

    def close(self) -> None:
        """Stop the threads and remove the hooks. For a model that no job uses any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for runner in self._runners:
            runner.join()
        for call in self._parked.take_all():
            call.fail(RuntimeError("the model was unloaded while a job used it"))
            call.answer()
        for module in (*self._modules.values(), *self._others.values()):
            remove_hook(module)

    def _answer(self, module_name: str, forward: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        job: BatchJob | None = getattr(self._current, "job", None)
        if job is None:
            return forward(**arguments)
        self._end_preparation(job)
        # A call that is answered here is part of no forward, and no group waits for the job.
        if job.calls is not None and (answer := job.calls.find(module_name)) is not None:
            return answer
        call = read_call(job, module_name, forward, arguments)
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the model is unloaded")
            self._parked.park(call, time.monotonic())
            self._note_work()
            # Of what the engine takes when it is full: if rows do not pay for a job alone, they still may for several.
            limit = self._find_admission(self._cores.least_part).limit(call.shape)
            job.share = call.rows.count / (limit * len(self._runners))
            self._changed.notify_all()
        answer = call.wait()
        self._cores.take()
        if job.calls is not None:
            job.calls.keep(module_name, answer)
        return answer

    def _count_call(self, module_name: str) -> None:
        job: BatchJob | None = getattr(self._current, "job", None)
        if job is None:
            return
        job.calls_apart[module_name] += 1
        if job.calls_apart[module_name] > 1 and module_name not in self._known_apart:
            self._known_apart.add(module_name)
            _log.warning("model_not_batched", model=self._name, module=module_name)

    def _end_preparation(self, job: BatchJob) -> None:
        if job.is_preparing:
            job.is_preparing = False
            self._preparing.release()

    def _count_jobs(self, change: int) -> None:
        with self._changed:
            self._jobs += change
            self._note_work()

    def _note_work(self) -> None:
        """What may run at the same time: a forward for each runner that has a job, and each job that is not denoising."""
        in_flight = self._parked.jobs_in_flight
        self._cores.note_work(self, min(in_flight, len(self._runners)) + self._jobs - in_flight)

    def _find_admission(self, cores: int) -> Admission:
        return self._admissions.setdefault(cores, Admission(most_rows=self._most_rows))

    def _run(self, number: int) -> None:
        stopwatch, running = build_stopwatch(self._modules), RunningForwards()
        with torch.inference_mode():
            while (calls := self._take_next(number)) is not None:
                self._run_group(calls, stopwatch, running)
                # Not held while there is nothing to do.
                del calls

    def _take_next(self, number: int) -> list[DenoiserCall] | None:
        with self._changed:
            self._idle.add(number)
            try:
                while not self._is_closed:
                    # OpenMP keeps the threads of each thread that has computed with several: if any runner took the calls
                    # of a job that is alone, in the end each would have as many threads as there are cores.
                    if number != min(self._idle):
                        self._changed.wait()
                        continue
                    limit = self._find_admission(self._cores.part).limit
                    group = self._parked.take_next(time.monotonic(), limit)
                    if group.calls:
                        # The calls that are left may be ready now, for another runner.
                        self._changed.notify_all()
                        return group.calls
                    self._changed.wait(group.wait_seconds)
            finally:
                self._idle.remove(number)
        return None

    def _run_group(self, calls: list[DenoiserCall], stopwatch: Stopwatch, running: RunningForwards) -> None:
        timed: list[tuple[GivenForward, float]] = []
        cores = self._cores.take(everything=calls[0].job.goes_alone)
        admission, threads = self._find_admission(cores), self._choose_threads(calls, cores)
        try:
            with self._gate.forward(calls[0].job.adapters):
                stopwatch.start()
                run_forward(calls, admission)
                self._note(calls, running.add(calls, stopwatch.stop(), admission, cores=cores, threads=threads))
                timed = running.take_finished()
        except Exception as error:  # noqa: BLE001  (the thread serves every other job too)
            _log.exception("batch_not_run", jobs=len(calls))
            for call in calls:
                call.fail(error)
        with self._changed:
            self.forwards += 1
            self._parked.answer(calls, time.monotonic())
            for forward, seconds in timed:
                forward.admission.record(forward.shape, forward.rows, seconds)
                if forward.threads:
                    self._thread_choice.record(forward.shape, forward.rows, forward.cores, forward.threads, seconds)
                self._parked.record(forward.key, forward.jobs, seconds)
            self._changed.notify_all()
        for call in calls:
            call.answer()

    def _choose_threads(self, calls: list[DenoiserCall], cores: int) -> int:
        """Let the calling thread compute with the number of threads that is fastest on its cores. Returns it; 0 if nothing was
        chosen.
        """
        # A deterministic job's bits must not depend on what was measured.
        if cores <= 1 or calls[0].job.goes_alone:
            return 0
        with self._changed:
            threads = self._thread_choice.choose(calls[0].shape, sum(call.rows.count for call in calls), cores)
        set_threads(threads)
        return threads

    def _note(self, calls: list[DenoiserCall], forward: GivenForward) -> None:
        # Before the jobs are answered: a job that ends now has all its forwards.
        BATCH_ROWS.labels(self._name).observe(forward.rows)
        for call in calls:
            call.job.batch_rows.append(forward.rows)
            call.job.laps.append(forward.lap)
