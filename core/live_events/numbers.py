"""The number of an event: microseconds since 1970 on the database's clock, so that it grows and can be computed again from rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: What a worker's clock counts of each second of an attempt. Clocks that are being adjusted differ by less than a two-thousandth
#: (ntp_adjtime(2)), so an event of a worker never has a larger number than what the database writes after it.
_WORKER_PACE = 0.999


def number_of(moment: datetime) -> int:
    """The number of an event at this moment of the database's clock."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(number: int) -> datetime:
    """The moment that a number stands for."""
    return _EPOCH + number * _MICROSECOND


def number_in_attempt(started_at: datetime, seconds: float) -> int:
    """The number of an event so many seconds after an attempt started, as its worker counts them."""
    return number_of(started_at) + int(seconds * _WORKER_PACE * 1_000_000)
