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
import redis
import structlog
from celery.app.amqp import AMQP

from core.logs import describe_error
from core.metrics import MESSAGES_REFUSED
from core.redis_link.address import RedisAddress, parse_redis_url

_CONNECTION_CLASSES = {
    "tcp": redis.Connection,
    "tls": redis.SSLConnection,
    "unix": redis.UnixDomainSocketConnection,
}

#: Seconds between tries to reach Redis. (Celery waits longer each time, up to 30, and jobs would wait with it.)
_RECONNECT_SECONDS = 1

#: If Redis answers this many seconds later than it should, a worker checks its link, and drops it after as many more: a
#: half-open link costs about seven seconds.
_HEALTH_CHECK_SECONDS = 3

_log = structlog.get_logger()


class Channel(kombu.transport.redis.Channel):  # type: ignore[misc]  # kombu has no types
    """Connects with what `REDIS_URL` says, as the doorbell does, and continues to read after a message that it cannot
    deliver.
    """

    def __init__(self, connection: Any, **options: Any) -> None:
        self.connection_class = _CONNECTION_CLASSES[_address_of(connection.client).link]
        super().__init__(connection, **options)

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        address = _address_of(self.connection.client)
        arguments: dict[str, Any] = super()._connparams(asynchronous)
        if address.link == "unix":
            for name in ("host", "port", "socket_keepalive", "socket_keepalive_options"):
                arguments.pop(name)
        return {**arguments, **address.arguments}

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)
        except (Empty, *self.connection_errors, *self.connection.channel_errors):
            raise
        except Exception as error:
            MESSAGES_REFUSED.inc()
            _log.warning("message_refused", error=describe_error(error))
            raise Empty from error


class Transport(kombu.transport.redis.Transport):  # type: ignore[misc]  # kombu has no types
    """Delivers nothing that Celery could not unpack."""

    Channel = Channel

    def _deliver(self, message: Any, queue: str) -> None:
        try:
            check_message(message)
        except (AttributeError, KeyError, TypeError) as error:
            # kombu takes some of these for a lost connection.
            raise ValueError(f"it is no task message: {describe_error(error)}") from error
        super()._deliver(message, queue)


class Connection(kombu.Connection):  # type: ignore[misc]  # kombu has no types
    """Tries to connect at constant intervals, and is shown without its password."""

    def as_uri(self, *_arguments: Any, **_options: Any) -> str:
        """The server, for log lines and errors."""
        return _address_of(self).shown

    def ensure_connection(self, *arguments: Any, **options: Any) -> Any:
        pace = dict.fromkeys(("interval_start", "interval_max"), _RECONNECT_SECONDS) | {"interval_step": 0}
        return super().ensure_connection(*arguments, **pace | options)


def _address_of(connection: Any) -> RedisAddress:
    address: RedisAddress = connection.transport_options["redis_address"]
    return address


class Broker(AMQP):  # type: ignore[misc]  # Celery has no types
    """The class for a Celery app's `amqp`: it connects as above."""

    Connection = Connection


def broker_settings(redis_url: str, *, socket_timeout: float) -> dict[str, Any]:
    """What every Celery client of ours agrees on. JSON only: a pickled message would run code on a worker.

    `socket_timeout` (seconds) is that of a link to Redis, unless the URL has one of its own.
    """
    address = parse_redis_url(redis_url)
    return {
        # Celery wants one that it can read. The transport connects with the address in its options.
        "broker_url": "redis://localhost",
        "broker_transport": f"{__name__}:{Transport.__name__}",
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "broker_transport_options": {
            "socket_connect_timeout": socket_timeout,
            "socket_timeout": socket_timeout,
            "socket_keepalive": True,
            "health_check_interval": address.arguments.get("health_check_interval", _HEALTH_CHECK_SECONDS),
            "redis_address": address,
        },
    }


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
