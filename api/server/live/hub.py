"""What each process knows of the jobs that its connections watch: one reader for all of them. Lives in one thread, and waits for
nothing.

Rows say what has happened to a job. A message of Redis is a hint that they have changed, or what happened inside an attempt that the
rows show as running; one that comes before its attempt is known is kept until the rows have been read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from api.server.live.reads import ReadAnswer, ReadRequest
from api.server.live.watched import WatchedAccount, WatchedJob
from api.server.live.watchers import Watcher
from core.jobs.events.attempt_events import build_attempt_event
from core.jobs.events.event import JobEvent
from core.jobs.events.job_history import JobHistory
from core.jobs.events.read_events import merge_events
from core.jobs.status import JobStatus
from core.live_events.message import JobMessage, Progress, UnreadableMessage, parse_ids
from core.recall.recall import RECALL_ID, Recall

#: Rows that one statement reads, and places that one computes: each of them counts up to 1,000 rows.
_MOST_READ = 1_000
_MOST_PLACES = 200

#: Reports of one job that are kept until its rows have been read, and ended jobs of an account that are remembered.
_MOST_HEARD = 200
_MOST_ENDED = 5_000


class Hub:
    """The jobs and accounts that are watched."""

    def __init__(self) -> None:
        self._jobs: dict[UUID, WatchedJob] = {}
        self._accounts: dict[UUID, WatchedAccount] = {}
        self._due: set[UUID] = set()
        self._waits_for_recalls: list[Watcher] = []

    def add(self, watcher: Watcher) -> None:
        """Offer it what it has missed since its number, and whatever happens from now on."""
        if watcher.job_id == RECALL_ID:
            self._waits_for_recalls.append(watcher)
            return
        if watcher.job_id is None:
            self._accounts.setdefault(watcher.account_id, WatchedAccount()).watchers.append(watcher)
            return
        job = self._jobs.get(watcher.job_id) or self._track(watcher.job_id)
        job.newcomers.append(watcher)
        self._read_again(job, stream_after=watcher.after if watcher.needs_history else None)

    def add_jobs(self, account_id: UUID, job_ids: Iterable[UUID], *, after: int) -> None:
        """The jobs that a new watcher of the account starts with."""
        account = self._accounts.get(account_id)
        if account is not None:
            for job_id in job_ids:
                account.newest = max(account.newest, job_id)
                self._read_again(self._jobs.get(job_id) or self._track(job_id), stream_after=after)

    def remove(self, watcher: Watcher) -> None:
        """Nothing more is offered to it."""
        if watcher in self._waits_for_recalls:
            self._waits_for_recalls.remove(watcher)
        if watcher.job_id is not None:
            job = self._jobs.get(watcher.job_id)
            for watchers in (job.watchers, job.newcomers) if job is not None else ():
                if watcher in watchers:
                    watchers.remove(watcher)
            if job is not None and not self._is_watched(job):
                self._forget(job)
            return
        account = self._accounts.get(watcher.account_id)
        if account is not None and watcher in account.watchers:
            account.watchers.remove(watcher)
            if not account.watchers:
                del self._accounts[watcher.account_id]
                for job in [job for job in self._jobs.values() if not job.watchers and not job.newcomers]:
                    if job.history is None or job.history.account_id == watcher.account_id:
                        self._forget(job)

    def hear(self, message: bytes) -> None:
        """A message of Redis. What no process of ours has written is ignored."""
        try:
            if (recall := Recall.parse(message)) is not None:
                self.show_recall(recall)
                return
            account_id, job_id, rest = parse_ids(message)
            job = self._jobs.get(job_id)
            if job is None:
                account = self._accounts.get(account_id)
                if account is None or job_id in account.ended:
                    return
                job = self._track(job_id)
            progress = Progress.parse(rest) if rest else None
        except UnreadableMessage:
            return
        self._take(job, JobMessage(account_id, job_id, progress))

    def show_recall(self, recall: Recall) -> None:
        """Offer what was handed over to its account."""
        account = self._accounts.get(recall.account_id)
        waits = [each for each in self._waits_for_recalls if each.account_id == recall.account_id]
        for watcher in [*(account.watchers if account is not None else ()), *waits]:
            watcher.offer(recall)

    def list_accounts(self) -> set[UUID]:
        """The accounts to which something may be handed over."""
        return {*self._accounts, *(watcher.account_id for watcher in self._waits_for_recalls)}

    def read_all_again(self, *, with_streams: bool) -> None:
        """Messages may have been lost: read the rows of all jobs, and their streams."""
        for job in self._jobs.values():
            known = min((each.after for each in self._watchers_of(job)), default=0)
            if with_streams:
                self._read_again(job, stream_after=known)
            else:
                # Most likely they show nothing new: reports need not wait for them.
                job.is_due = True
                self._due.add(job.id)

    def build_request(self) -> ReadRequest | None:
        """What has to be read next; None if nothing has to be."""
        request = ReadRequest()
        for job_id in list(self._due):
            job = self._jobs[job_id]
            if job.is_in_flight or len(request.job_ids) >= _MOST_READ:
                continue
            request.job_ids.append(job_id)
            job.watchers += job.newcomers
            job.newcomers = []
            if job.stream_after is not None:
                request.streams[job_id] = job.stream_after
            if any(watcher.needs_job for watcher in self._watchers_of(job)):
                request.wanted_whole.add(job_id)
            job.is_due, job.stream_after, job.is_in_flight = False, None, True
            self._due.discard(job_id)
        return request if request.job_ids else None

    def build_place_request(self) -> ReadRequest | None:
        """What has to be read every now and then: places in queues, and new jobs of accounts."""
        queued = [
            job.id
            for job in self._jobs.values()
            if job.history is not None
            and job.history.status == JobStatus.QUEUED
            and any(watcher.needs_place for watcher in self._watchers_of(job))
        ]
        # A new job's id begins with the time of the process that made it, whose clock may be behind.
        newest = {account_id: _back_by_seconds(account.newest, 10) for account_id, account in self._accounts.items()}
        request = ReadRequest(places=queued[:_MOST_PLACES], newest=newest)
        return request if request.places or request.newest else None

    def take_answer(self, answer: ReadAnswer) -> None:
        """Offer what was read."""
        for job_id in answer.request.job_ids:
            job = self._jobs.get(job_id)
            if job is None:
                continue
            job.is_in_flight = False
            job.must_wait = job.is_due and job.must_wait
            if not answer.is_read:
                self._read_again(job, stream_after=answer.request.streams.get(job_id))
            elif job_id in answer.histories:
                self._show(job, answer.histories[job_id], answer)
            else:
                self._end(job)
        for job_id, position in answer.places.items():
            self._show_place(job_id, position)
        for new in answer.new_jobs:
            account = self._accounts.get(new.account_id)
            if account is None:
                continue
            account.newest = max(account.newest, new.id)
            if new.id not in account.ended and new.id not in self._jobs:
                self._track(new.id)

    def _track(self, job_id: UUID) -> WatchedJob:
        self._jobs[job_id] = job = WatchedJob(job_id)
        self._due.add(job_id)
        return job

    def _forget(self, job: WatchedJob) -> None:
        self._jobs.pop(job.id, None)
        self._due.discard(job.id)

    def _read_again(self, job: WatchedJob, *, stream_after: int | None = None) -> None:
        job.is_due = job.must_wait = True
        if stream_after is not None:
            job.stream_after = stream_after if job.stream_after is None else min(stream_after, job.stream_after)
        self._due.add(job.id)

    def _take(self, job: WatchedJob, message: JobMessage) -> None:
        progress = message.progress
        if progress is None:
            self._read_again(job)
            return
        history = job.history
        running = None if history is None else history.running
        if history is None or running is None or job.must_wait or not history.owns(progress):
            # Of an attempt that the rows have not shown yet, or of one that has lost the job.
            if running is None or progress.attempt_number >= running.attempt_number:
                job.heard = [*job.heard, progress][-_MOST_HEARD:]
                self._read_again(job)
            return
        self._offer(job, [build_attempt_event(history, progress)])

    def _show(self, job: WatchedJob, history: JobHistory, answer: ReadAnswer) -> None:
        if job.history is not None and history.last_number < job.history.last_number:
            # Read before what is known already.
            self._read_again(job)
            return
        is_new_attempt = job.history is None or len(job.history.attempts) != len(history.attempts)
        job.history = history
        if is_new_attempt:
            job.step_known, job.place = 0, None
        if history.is_finished and job.id not in answer.whole and any(w.needs_job for w in self._watchers_of(job)):
            # Somebody has come while the rows were read, or more jobs have ended than one answer shows.
            self._read_again(job, stream_after=answer.request.streams.get(job.id))
            self._end_waits(job)
            return
        reported = {each.number: each for each in [*answer.streams.get(job.id, ()), *job.heard]}
        job.heard = []
        # A reader that is new, or may have missed something, is shown the step that the row has.
        step_known = 0 if job.id in answer.request.streams else job.step_known
        events = merge_events(history, list(reported.values()), step_known=step_known)
        if history.is_finished and job.id in answer.whole:
            end = events[-1]
            events[-1] = JobEvent(end.job_id, end.number, end.type, answer.whole[job.id])
        self._offer(job, events)
        if history.is_finished:
            self._end(job)
        elif not self._is_watched(job):
            self._forget(job)

    def _offer(self, job: WatchedJob, events: Iterable[JobEvent | None]) -> None:
        watchers = list(self._watchers_of(job))
        for event in events:
            if event is None:
                continue
            if event.type == "step":
                job.step_known = max(job.step_known, event.details["step"])
            for watcher in watchers:
                watcher.offer(event)

    def _show_place(self, job_id: UUID, position: int) -> None:
        job = self._jobs.get(job_id)
        if (
            job is None
            or job.is_due
            or job.is_in_flight
            or job.history is None
            or job.history.status != JobStatus.QUEUED
        ):
            return
        is_new, job.place = job.place != position, position
        for watcher in list(self._watchers_of(job)):
            if watcher.needs_place and (is_new or watcher.job_id is not None):
                watcher.offer_place(job_id, position)

    def _end(self, job: WatchedJob) -> None:
        if job.history is not None and job.history.account_id in self._accounts:
            account = self._accounts[job.history.account_id]
            account.ended[job.id] = None
            if len(account.ended) > _MOST_ENDED:
                account.ended.popitem(last=False)
        ended, job.watchers = job.watchers, []
        if not job.newcomers:
            self._forget(job)
        for watcher in ended:
            watcher.end()

    def _end_waits(self, job: WatchedJob) -> None:
        for watcher in [each for each in job.watchers if not each.needs_job]:
            watcher.end()

    def _watchers_of(self, job: WatchedJob) -> Iterator[Watcher]:
        yield from job.watchers
        if job.history is None:
            # Whose it is shows with its rows.
            for account in self._accounts.values():
                yield from account.watchers
        elif job.history.account_id in self._accounts:
            yield from self._accounts[job.history.account_id].watchers

    def _is_watched(self, job: WatchedJob) -> bool:
        return bool(job.newcomers) or next(self._watchers_of(job), None) is not None


def _back_by_seconds(job_id: UUID, seconds: int) -> UUID:
    """The smallest UUIDv7 of a moment so many seconds before the one in the id (RFC 9562, section 5.7)."""
    return UUID(int=max(0, (job_id.int >> 80) - seconds * 1000) << 80)
