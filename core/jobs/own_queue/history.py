"""How many jobs succeeded lately, and how long they had waited: by minute for an hour, by half an hour for a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.jobs.own_queue.shared_reading import SharedReading

_MINE = "account_id = :account_id AND"

# The rows lie in the order of their time, and an index says where a time begins.
_COUNT = """
SELECT date_bin(make_interval(secs => :bucket_seconds), created_at, 'epoch') AS start, count(*) AS succeeded,
    avg(wait_seconds) AS wait_seconds
FROM usage_records
WHERE {mine} created_at >= date_bin(make_interval(secs => :bucket_seconds), now(), 'epoch')
    - make_interval(secs => :bucket_seconds * (:buckets - 1))
GROUP BY start
"""

_NOW = text("SELECT date_bin(make_interval(secs => :bucket_seconds), now(), 'epoch')")


@dataclass(frozen=True)
class Span:
    """A stretch of time up to now, in buckets that begin at whole multiples of their length."""

    bucket_seconds: int
    buckets: int


HOUR = Span(bucket_seconds=60, buckets=60)
DAY = Span(bucket_seconds=1_800, buckets=48)


class Counted(NamedTuple):
    """What succeeded in a bucket."""

    succeeded: int = 0
    #: Mean seconds from acceptance to the first start; None: nothing succeeded, or it was not measured.
    wait_seconds: float | None = None


class Bucket(NamedTuple):
    """What succeeded from `start` on, until the next bucket begins."""

    start: datetime
    mine: Counted
    all: Counted


_everybodys: Mapping[Span, SharedReading[dict[datetime, Counted]]] = {
    HOUR: SharedReading(seconds=5.0),
    DAY: SharedReading(seconds=60.0),
}


def read_history(session: Session, span: Span, *, account_id: UUID) -> list[Bucket]:
    """The buckets of the span, oldest first, the last of which has just begun. What all accounts did is up to five seconds old, and
    for a day a minute.
    """
    last: datetime = session.execute(_NOW, {"bucket_seconds": span.bucket_seconds}).scalar_one()
    mine = _count(session, span, account_id=account_id)
    everybodys = _everybodys[span].get(lambda: _count(session, span))
    starts = [last - timedelta(seconds=span.bucket_seconds * age) for age in reversed(range(span.buckets))]
    return [Bucket(start, mine.get(start, Counted()), everybodys.get(start, Counted())) for start in starts]


def forget_everybodys() -> None:
    """What all accounts did is read anew."""
    for reading in _everybodys.values():
        reading.forget()


def _count(session: Session, span: Span, *, account_id: UUID | None = None) -> dict[datetime, Counted]:
    query = text(_COUNT.format(mine="" if account_id is None else _MINE))
    rows = session.execute(query, vars(span) | {"account_id": account_id})
    return {row.start: Counted(row.succeeded, row.wait_seconds) for row in rows}
