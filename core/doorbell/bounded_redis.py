"""Connections to Redis on which a whole piece of work has one time limit, however many questions it asks.

A timeout of redis-py is one of each question, and a connection asks four or more before the first one of ours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection
from redis.retry import Retry

_thread = threading.local()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """On this thread, until the block ends: when so many seconds are over, the connections below give up. Not to be
    nested.
    """
    _thread.ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        del _thread.ends_at


def seconds_left(at_most: float | None) -> float | None:
    """What is left of the limit of this thread, if it has one, and no more than so many seconds (None: any number).
    Raises redis.TimeoutError where nothing is left.
    """
    ends_at: float | None = getattr(_thread, "ends_at", None)
    if ends_at is None:
        return at_most
    left = ends_at - time.monotonic()
    if left <= 0:
        raise redis.TimeoutError("the time for Redis is over")
    return left if at_most is None else min(left, at_most)


class _Bounded(AbstractConnection):
    """What a connection does differently. The timeouts it was made with stay those of each question."""

    def _connect(self) -> Any:
        patience = self.socket_connect_timeout
        self.socket_connect_timeout = seconds_left(patience)
        try:
            return super()._connect()  # type: ignore[no-untyped-call, safe-super]  # of the class that this is mixed into
        finally:
            self.socket_connect_timeout = patience

    def send_packed_command(self, *arguments: Any, **options: Any) -> Any:
        self._hurry()
        return super().send_packed_command(*arguments, **options)  # type: ignore[no-untyped-call]  # redis-py's

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        self._hurry()
        return super().read_response(*arguments, **options)

    def _hurry(self) -> None:
        try:
            seconds = seconds_left(self.socket_timeout)
        except redis.TimeoutError:
            # A question of which the answer is still to come: the next one on this connection would be given it.
            self.disconnect()  # type: ignore[no-untyped-call]  # redis-py's
            raise
        if self._sock is not None:
            self._sock.settimeout(seconds)


class _BoundedConnection(_Bounded, redis.Connection):
    """Plain."""


class _BoundedSSLConnection(_Bounded, redis.SSLConnection):
    """With TLS."""


class _BoundedUnixConnection(_Bounded, redis.UnixDomainSocketConnection):
    """To a server on this machine."""


_BOUNDED = {
    redis.Connection: _BoundedConnection,
    redis.SSLConnection: _BoundedSSLConnection,
    redis.UnixDomainSocketConnection: _BoundedUnixConnection,
}


def bounded_client(redis_url: str, *, question_seconds: float) -> redis.Redis:
    """A client that heeds the `time_limit` of its thread, and never takes longer for one question. It tries once."""
    pool = redis.ConnectionPool.from_url(
        redis_url,
        socket_timeout=question_seconds,
        socket_connect_timeout=question_seconds,
        retry=Retry(NoBackoff(), 0),
    )
    # Which one it is stands in the URL.
    pool.connection_class = _BOUNDED[pool.connection_class]
    return redis.Redis(connection_pool=pool)
