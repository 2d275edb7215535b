"""The queue at a glance: what runs, what waits, and how it went."""

from __future__ import annotations

from datetime import datetime

from darkroom.views.view import View


class JobCounts(View):
    """Jobs, counted up to 10,000 of each pool."""

    queued: int
    running: int


class RunningJob(View):
    """A job of the account that runs."""

    job_id: str
    #: Denoising steps done.
    step: int
    steps: int
    started_at: datetime


class Batch(View):
    """The jobs of one model that a worker has in hand: they are drawn together, as far as their shapes allow."""

    model: str
    #: Of all accounts.
    jobs: int
    mine: int
    #: Those of the account.
    running: list[RunningJob]


class QueueWorker(View):
    """A worker."""

    #: Its own for as long as it lives.
    name: str
    pool: str
    #: False: it has not been heard of lately; its jobs are rescued.
    live: bool
    #: It shuts down, and takes no more jobs.
    draining: bool
    #: Jobs that it can hold. Null: unknown.
    slots: int | None = None
    #: Models in its memory.
    loaded: list[str]
    loading: list[str]
    batches: list[Batch]


class WaitingGroup(View):
    """The queued jobs of one model."""

    model: str
    pool: str
    mine: int
    #: Of all accounts, the own ones included.
    all: int
    #: Why the account's own jobs wait, or where it has none, why the others do.
    reason: str
    message: str


class MineAndAllCounts(View):
    """A number of jobs."""

    mine: int
    all: int


class MineAndAllSeconds(View):
    """Seconds. Null: there was no job."""

    mine: float | None = None
    all: float | None = None


class Bucket(View):
    """What succeeded from `start` on, until the next bucket begins."""

    start: datetime
    succeeded: MineAndAllCounts
    #: Mean time from acceptance to the first start.
    wait_seconds: MineAndAllSeconds


class History(View):
    """Buckets of the same length, the oldest first; the last one has not ended."""

    bucket_seconds: int
    buckets: list[Bucket]


class QueueFigures(View):
    """The queue as the account may see it: what others have in it is counted, and not shown."""

    mine: JobCounts
    all: JobCounts
    workers: list[QueueWorker]
    waiting: list[WaitingGroup]
    hour: History
    day: History
