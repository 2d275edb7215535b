"""Which one of several equal processes does what only one may do. For what harms nobody if it is done twice for a moment."""

from __future__ import annotations

from uuid import uuid4

import redis
import structlog

from core.redis_link.address import RedisAddress
from core.redis_link.bounded_client import bounded_client, time_limit

#: Seconds for all commands of one question.
_PATIENCE_SECONDS = 0.5

_log = structlog.get_logger()


class Lead:
    """A key in Redis that one process holds, by asking again and again. While Redis is away, the last one that held it goes on."""

    def __init__(self, address: RedisAddress, name: str, *, seconds: int) -> None:
        """Without a question for `seconds` the lead goes to the next process that asks."""
        self._redis = bounded_client(address, command_seconds=_PATIENCE_SECONDS)
        self._key = f"lead:{name}"
        self._seconds = seconds
        self._me = str(uuid4()).encode()
        self._is_held = False

    def take(self) -> bool:
        """Take the lead, or keep it. Returns whether this process has it. Never raises, and is bounded in time."""
        try:
            with time_limit(_PATIENCE_SECONDS):
                is_held = bool(self._redis.set(self._key, self._me, nx=True, ex=self._seconds))
                if not is_held and self._redis.get(self._key) == self._me:
                    is_held = bool(self._redis.expire(self._key, self._seconds))
        except redis.RedisError as error:
            _log.warning("lead_not_asked_for", error=f"{type(error).__name__}: {error}")
            return self._is_held
        self._is_held = is_held
        return is_held

    def release(self) -> None:
        """Let the next process that asks have it at once."""
        if self._is_held and self.take():
            self._is_held = False
            try:
                with time_limit(_PATIENCE_SECONDS):
                    self._redis.delete(self._key)
            except redis.RedisError as error:
                _log.warning("lead_not_released", error=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close its connections."""
        self._redis.connection_pool.disconnect()
