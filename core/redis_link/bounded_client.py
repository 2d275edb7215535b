"""Connections to Redis on which a whole piece of work has one time limit, however many commands it sends.

redis-py's timeouts apply to each command, and a new connection sends four or more of its own before our first.
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

from core.redis_link.address import RedisAddress

_thread = threading.local()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give the block's work with Redis on this thread `seconds` in all; after that the connections below raise
    redis.TimeoutError. Not to be nested.
    """
    _thread.ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        del _thread.ends_at


def seconds_left(at_most: float | None) -> float | None:
    """The seconds left of this thread's limit, if it has one, but not more than `at_most` (None: no bound). Raises
    redis.TimeoutError if nothing is left.
    """
    ends_at: float | None = getattr(_thread, "ends_at", None)
    if ends_at is None:
        return at_most
    left = ends_at - time.monotonic()
    if left <= 0:
        raise redis.TimeoutError("the time for Redis is over")
    return left if at_most is None else min(left, at_most)


class _Bounded(AbstractConnection):
    """What a connection does differently. The timeouts that it was built with still apply to each command."""

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
            # The reply to the last command is still to come: the next command on this connection would get it.
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


_BOUNDED = {"tcp": _BoundedConnection, "tls": _BoundedSSLConnection, "unix": _BoundedUnixConnection}


def bounded_client(address: RedisAddress, *, command_seconds: float) -> redis.Redis:
    """A client that obeys the `time_limit` of its thread, and takes `command_seconds` at most for one command, unless the
    address says otherwise. It tries once.
    """
    timeouts = {"socket_timeout": command_seconds, "socket_connect_timeout": command_seconds}
    pool = redis.ConnectionPool(
        connection_class=_BOUNDED[address.link], retry=Retry(NoBackoff(), 0), **{**timeouts, **address.arguments}
    )
    return redis.Redis(connection_pool=pool)
