"""Celery's link to Redis, fit for a doorbell: it survives any content of the lists, and reconnects soon after Redis is back.

For a message that cannot be read (no JSON, no properties) kombu raises into the worker's event loop, and Celery ends the
worker. A message that can be read but not unpacked (a pickle, a body of another shape) fails on a thread of Celery's pool,
which then counts as busy for ever. A message is only a ring: one that is not like our own is refused before either can
happen. It counts as lost, and the sweep rings again.
"""

from __future__ import annotations

import base64
import json
from queue import Empty
from typing import Any

import kombu
import kombu.transport.redis
import structlog
from celery.app.amqp import AMQP

from core.metrics import MESSAGES_REFUSED

#: Seconds between tries to reach Redis. (Celery waits longer each time, up to 30, and jobs would wait with it.)
_RECONNECT_SECONDS = 1

_log = structlog.get_logger()


class Channel(kombu.transport.redis.Channel):  # type: ignore[misc]  # kombu has no types
    """Continues to read after a message that it cannot deliver."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except (Empty, *self.connection_errors, *self.connection.channel_errors):
            raise
        except Exception as error:
            MESSAGES_REFUSED.inc()
            _log.warning("message_refused", error=repr(error))
            raise Empty from error


class Transport(kombu.transport.redis.Transport):  # type: ignore[misc]  # kombu has no types
    """Delivers nothing that Celery could not unpack."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            check_message(message)
        except (AttributeError, KeyError, TypeError) as error:
            # kombu takes some of these for a lost connection.
            raise ValueError(f"it is no task message: {error!r}") from error
        super()._deliver(message, queue)


class Connection(kombu.Connection):  # type: ignore[misc]  # kombu has no types
    """Uses the transport above, and tries to connect at constant intervals."""

    def get_transport_cls(self) -> Any:
        found = super().get_transport_cls()
        return Transport if found is kombu.transport.redis.Transport else found

    def ensure_connection(self, *arguments: Any, **options: Any) -> Any:
        pace = dict.fromkeys(("interval_start", "interval_max"), _RECONNECT_SECONDS) | {"interval_step": 0}
        return super().ensure_connection(*arguments, **pace | options)


class Broker(AMQP):  # type: ignore[misc]  # Celery has no types
    """The class for a Celery app's `amqp`: it connects as above."""

    Connection = Connection


def check_message(message: Any) -> None:
    """Raises AttributeError, KeyError, TypeError or ValueError unless it is a task message whose arguments are JSON."""
    headers, properties = message["headers"], message["properties"]
    if message["content-type"] != "application/json":
        raise ValueError(f"its content is {message['content-type']!r}")
    if not all(isinstance(text, str) for text in (headers["id"], headers["task"], properties["delivery_tag"])):
        raise TypeError("its id, task or tag is no text")
    body = message["body"]
    if properties.get("body_encoding") == "base64":
        body = base64.b64decode(body)
    arguments, keywords, _embedded = json.loads(body)
    if not isinstance(arguments, list) or not isinstance(keywords, dict):
        raise TypeError("its arguments are no list and no dict")
