"""The doorbell: tell workers through Redis that there is work. It carries no truth; a lost ring is rung again."""

from __future__ import annotations

import threading
import time
from functools import cache

import redis
import structlog

from core.doorbell.ring_message import build_ring
from core.doorbell.ring_sender import RingSender
from core.fault_points import fault_point
from core.logs import describe_error
from core.metrics import RINGS_FAILED, RINGS_SENT
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client, time_limit
from core.settings import get_settings

#: The wire vocabulary: the names of the tasks, which workers register and the doorbell sends.
RENDER_NEXT = "render_next"
DELIVER_NEXT = "deliver_next"
SWEEP = "sweep"
DELETE_ORPHANS = "delete_orphans"
APPLY_RETENTION = "apply_retention"
FETCH_NEXT = "fetch_next"
END_SWEEPS = "end_sweeps"

#: The queues besides the pools' own.
WEBHOOK_QUEUE = "webhooks"
MAINTENANCE_QUEUE = "maintenance"
FETCH_QUEUE = "fetches"
SWEEPS_QUEUE = "sweeps"

#: Seconds that one ring may take, and each command to Redis in it.
_RING_SECONDS = 1.0
_COMMAND_SECONDS = 0.4

#: Seconds without a try after a ring that failed.
_BREAKER_SECONDS = 2.0

#: Rings in progress at the same time.
_SLOTS = 8

#: Messages that may wait in a queue. A worker that hears one takes all the work there is, so a thousand wake a fleet.
#: Those of a million jobs would fill Redis, and ask a million times for jobs that are gone. A sweep sends half of this
#: at most.
_MOST_WAITING = 1_000

#: A list that nobody makes.
_NO_QUEUE = "doorbell.no-queue"

_log = structlog.get_logger()


def render_queue(pool: str) -> str:
    """The queue of a pool of rendering workers."""
    return f"render.{pool}"


class Doorbell:
    """A client of the broker that only sends, with a breaker: a dead Redis costs one short try every two seconds."""

    def __init__(self, redis_url: str) -> None:
        # Not Celery's producer, which takes many times as long for the same message. One try and no waiting in between:
        # the sweep is our retry.
        address = parse_redis_url(redis_url)
        self._ringing = bounded_client(address, command_seconds=_COMMAND_SECONDS)
        self._counting = bounded_client(address, command_seconds=_RING_SECONDS * 2)
        #: Nobody waits longer for a slot than for Redis itself.
        self._slots = threading.BoundedSemaphore(_SLOTS)
        self._lock = threading.Lock()
        self._silent_until = 0.0
        self._sender = RingSender(self._send_in_time)

    def ring(self, queue: str, task: str, *, times: int = 1, **details: str) -> bool:
        """Send `times` messages for a task, with `details` (ids for the logs). Returns whether they were sent.

        Never raises and never takes longer than a second: call it after the commit, outside the transaction.
        """
        return self._send_in_time(queue, [build_ring(queue, task, details) for _ in range(times)])

    def ring_soon(self, queue: str, task: str, **details: str) -> None:
        """Send one message from another thread, for a caller with somebody waiting. It is lost with the process."""
        self._sender.put(queue, build_ring(queue, task, details))

    def flush(self) -> bool:
        """Wait, for a second at most, until every ring of `ring_soon` has been tried. Returns whether it has."""
        return self._sender.flush(_RING_SECONDS)

    def _send_in_time(self, queue: str, messages: list[str]) -> bool:
        fault_point("before_ring")
        has_rung = self._try_to_send(queue, messages)
        (RINGS_SENT if has_rung else RINGS_FAILED).inc(len(messages))
        fault_point("after_ring")
        return has_rung

    def _try_to_send(self, queue: str, messages: list[str]) -> bool:
        with time_limit(_RING_SECONDS):
            if not self._slots.acquire(timeout=_COMMAND_SECONDS):
                return False
            try:
                return not self._is_silent() and self._send(queue, messages)
            finally:
                self._slots.release()

    def _send(self, queue: str, messages: list[str]) -> bool:
        try:
            waiting = int(self._ringing.lpush(queue, *messages))
            if waiting > _MOST_WAITING:
                # To half of it, so that not every further ring is two commands.
                self._ringing.ltrim(queue, 0, _MOST_WAITING // 2 - 1)
        except Exception as error:  # noqa: BLE001
            # What was committed is accepted, and no exception from here may turn that into an error.
            self._fall_silent()
            _log.warning("doorbell_not_rung", queue=queue, error=describe_error(error))
            return False
        return True

    def count_waiting(self, queue: str) -> int | None:
        """How many messages wait in a queue, or None if Redis does not answer."""
        try:
            return int(self._counting.llen(queue))
        except redis.RedisError as error:
            _log.warning("doorbell_not_counted", queue=queue, error=describe_error(error))
            return None

    def can_ring(self) -> bool:
        """Whether Redis takes a ring now. It sends a write that changes nothing, so that a server that has no memory left or
        has become a replica counts as well. Bounded as a ring is, and without a try while the doorbell is silent.
        """
        if self._is_silent():
            return False
        try:
            with time_limit(_COMMAND_SECONDS):
                self._ringing.lpushx(_NO_QUEUE, "")
        except Exception as error:  # noqa: BLE001  (whatever it is, no ring would arrive)
            self._fall_silent()
            _log.warning("doorbell_out_of_order", error=describe_error(error))
            return False
        return True

    def close(self) -> None:
        """Close its connections, of a doorbell that is no more used while its process goes on."""
        for client in (self._ringing, self._counting):
            client.connection_pool.disconnect()

    def _is_silent(self) -> bool:
        with self._lock:
            return time.monotonic() < self._silent_until

    def _fall_silent(self) -> None:
        with self._lock:
            self._silent_until = time.monotonic() + _BREAKER_SECONDS


@cache
def get_doorbell() -> Doorbell:
    """The doorbell of this process, built on first use."""
    return Doorbell(get_settings().redis_url)
