"""Hear a channel of Redis for as long as the process lives, whatever happens to the link."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog

from core.logs import describe_error
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client
from core.settings import get_settings

#: Seconds for one answer of Redis, between two pings, and without a word after which the link counts as dead.
_COMMAND_SECONDS = 2.0
_PING_SECONDS = 2.0
_DEAD_SECONDS = 6.0

#: Seconds between two tries to connect.
_PAUSE_SECONDS = 1.0

_log = structlog.get_logger()


class Subscription:
    """A thread that hears one channel."""

    def __init__(self, channel: str, *, hear: Callable[[bytes], None], note_link: Callable[[bool], None]) -> None:
        """`hear` is called with each message, and `note_link` with True when messages are heard from now on, and with False when the
        link is cut; both in the thread of the subscription. What is sent while it is cut is not heard.
        """
        self._channel = channel
        self._hear = hear
        self._note_link = note_link

    def start(self) -> None:
        """Hear from now on."""
        threading.Thread(target=self._run, name=f"hears {self._channel}", daemon=True).start()

    def _run(self) -> None:
        client = bounded_client(parse_redis_url(get_settings().redis_url), command_seconds=_COMMAND_SECONDS)
        while True:
            try:
                with client.pubsub() as heard:  # type: ignore[no-untyped-call]  # redis-py has not typed it
                    heard.subscribe(self._channel)
                    self._hear_all(heard)
            except (redis.RedisError, OSError) as error:
                self._note_link(False)
                _log.warning("link_to_redis_cut", channel=self._channel, error=describe_error(error))
            except Exception:  # noqa: BLE001  (one message must not end all others)
                self._note_link(False)
                _log.exception("message_not_heard", channel=self._channel)
            time.sleep(_PAUSE_SECONDS)

    def _hear_all(self, heard: Any) -> None:
        heard_at = pinged_at = time.monotonic()
        while True:
            message = heard.get_message(timeout=_PING_SECONDS)
            now = time.monotonic()
            if message is not None:
                heard_at = now
                if message["type"] == "subscribe":
                    self._note_link(True)
                elif message["type"] == "message":
                    self._hear(message["data"])
            elif now - heard_at > _DEAD_SECONDS:
                raise redis.TimeoutError("Redis has not answered a ping")
            if now - pinged_at >= _PING_SECONDS:
                heard.ping()
                pinged_at = now
