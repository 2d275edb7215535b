"""`GET /v1/queue/figures`: what runs, what waits and why, and how it went lately."""

from __future__ import annotations

from datetime import datetime

from flask import Response
from pydantic import BaseModel, Field

from api.answer import answer
from api.authentication import current_account_id
from api.no_query import takes_no_query
from api.queue.blueprint import queue_blueprint
from core.database import transaction
from core.ids import format_id
from core.jobs.own_queue.history import DAY, HOUR, Bucket, Span, read_history
from core.jobs.own_queue.running_batches import Batch, BusyWorker, list_busy_workers
from core.jobs.own_queue.waiting_groups import WaitingGroup, list_waiting_groups
from core.jobs.views.queue_view import WaitingReason


class JobCountsView(BaseModel):
    """Jobs, counted up to 10,000 of each pool."""

    queued: int
    running: int


class RunningJobView(BaseModel):
    """A job of the account that runs."""

    job_id: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    step: int = Field(description="Denoising steps done.")
    steps: int
    started_at: datetime


class BatchView(BaseModel):
    """The jobs of one model that a worker has in hand: they are drawn together, as far as their shapes allow."""

    model: str
    jobs: int = Field(description="Of all accounts.", examples=[4])
    mine: int = Field(examples=[1])
    running: list[RunningJobView] = Field(description="Those of the account.")


class QueueWorkerView(BaseModel):
    """A worker."""

    name: str = Field(description="Its own for as long as it lives.", examples=["worker-3fa92c"])
    pool: str = Field(examples=["default"])
    live: bool = Field(description="False: it has not been heard of lately; its jobs are rescued.", examples=[True])
    draining: bool = Field(description="It shuts down, and takes no more jobs.", examples=[False])
    slots: int | None = Field(description="Jobs that it can hold. Null: unknown.", examples=[16])
    loaded: list[str] = Field(description="Models in its memory.", examples=[["picturebook"]])
    loading: list[str] = Field(examples=[[]])
    batches: list[BatchView]


class WaitingGroupView(BaseModel):
    """The queued jobs of one model."""

    model: str
    pool: str = Field(examples=["default"])
    mine: int = Field(examples=[3])
    all: int = Field(description="Of all accounts, the own ones included.", examples=[12])
    reason: WaitingReason = Field(
        description="Why the account's own jobs wait, or where it has none, why the others do.",
        examples=["waiting_for_worker"],
    )
    message: str = Field(examples=["2 workers take the jobs of the pool 'default' in fair order."])


class MineAndAllCounts(BaseModel):
    """A number of jobs."""

    mine: int
    all: int


class MineAndAllSeconds(BaseModel):
    """Seconds. Null: there was no job."""

    mine: float | None
    all: float | None


class BucketView(BaseModel):
    """What succeeded from `start` on, until the next bucket begins."""

    start: datetime
    succeeded: MineAndAllCounts
    wait_seconds: MineAndAllSeconds = Field(description="Mean time from acceptance to the first start.")


class HistoryView(BaseModel):
    """Buckets of the same length, the oldest first; the last one has not ended."""

    bucket_seconds: int = Field(examples=[60])
    buckets: list[BucketView]


class QueueFiguresView(BaseModel):
    """The queue as the account may see it: what others have in it is counted, and not shown."""

    mine: JobCountsView
    all: JobCountsView
    workers: list[QueueWorkerView]
    waiting: list[WaitingGroupView]
    hour: HistoryView
    day: HistoryView


@queue_blueprint.get("/queue/figures", summary="See what runs, waits and went", responses={200: QueueFiguresView})
@takes_no_query
def get_queue_figures() -> Response:
    """What every worker has in hand, what waits by model and why, and how many jobs succeeded and how long they had waited, by minute
    for the last hour and by half an hour for the last day. Of other accounts there are numbers alone. Numbers of all accounts are up to
    a second old, those of the past hour five, and those of the past day a minute.
    """
    account_id = current_account_id()
    with transaction() as session:
        workers = list_busy_workers(session, account_id=account_id)
        waiting = list_waiting_groups(session, account_id=account_id)
        hour = read_history(session, HOUR, account_id=account_id)
        day = read_history(session, DAY, account_id=account_id)
    batches = [batch for worker in workers for batch in worker.batches]
    view = QueueFiguresView(
        mine=JobCountsView(
            queued=sum(group.mine for group in waiting), running=sum(len(batch.own) for batch in batches)
        ),
        all=JobCountsView(queued=sum(group.all for group in waiting), running=sum(batch.jobs for batch in batches)),
        workers=[_show_worker(worker) for worker in workers],
        waiting=[_show_group(group) for group in waiting],
        hour=_show_history(HOUR, hour),
        day=_show_history(DAY, day),
    )
    return answer(view)


def _show_worker(worker: BusyWorker) -> QueueWorkerView:
    return QueueWorkerView(
        name=worker.name,
        pool=worker.pool,
        live=worker.is_live,
        draining=worker.is_draining,
        slots=worker.slots,
        loaded=worker.loaded,
        loading=worker.loading,
        batches=[_show_batch(batch) for batch in worker.batches],
    )


def _show_batch(batch: Batch) -> BatchView:
    return BatchView(
        model=batch.model,
        jobs=batch.jobs,
        mine=len(batch.own),
        running=[
            RunningJobView(job_id=format_id("job", job.id), step=job.step, steps=job.steps, started_at=job.started_at)
            for job in batch.own
        ],
    )


def _show_group(group: WaitingGroup) -> WaitingGroupView:
    return WaitingGroupView(**vars(group))


def _show_history(span: Span, buckets: list[Bucket]) -> HistoryView:
    return HistoryView(
        bucket_seconds=span.bucket_seconds,
        buckets=[
            BucketView(
                start=bucket.start,
                succeeded=MineAndAllCounts(mine=bucket.mine.succeeded, all=bucket.all.succeeded),
                wait_seconds=MineAndAllSeconds(mine=bucket.mine.wait_seconds, all=bucket.all.wait_seconds),
            )
            for bucket in buckets
        ],
    )
