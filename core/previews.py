"""Previews of running jobs, in Redis for a minute: losing one harms nothing, and Redis may be away."""

from __future__ import annotations

from functools import cache
from uuid import UUID

import redis
import structlog

from core.ids import format_id
from core.logs import describe_error
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client
from core.settings import get_settings

#: Seconds that a preview is kept after it was drawn.
_KEPT_SECONDS = 60

#: Seconds that one command may take.
_TIMEOUT_SECONDS = 0.4

_log = structlog.get_logger()


def store_preview(job_id: UUID, picture: bytes) -> None:
    """Keep the job's newest preview (a WebP file) for a minute. Never raises."""
    try:
        _get_redis().set(_key(job_id), picture, ex=_KEPT_SECONDS)
    except redis.RedisError as error:
        _log.warning("preview_not_stored", error=describe_error(error))


def find_preview(job_id: UUID) -> bytes | None:
    """The job's newest preview, a WebP file; None if there is none, or if Redis does not answer."""
    try:
        picture = _get_redis().get(_key(job_id))
    except redis.RedisError as error:
        _log.warning("preview_not_read", error=describe_error(error))
        return None
    return picture if isinstance(picture, bytes) else None


def _key(job_id: UUID) -> str:
    return f"preview:{format_id('job', job_id)}"


@cache
def _get_redis() -> redis.Redis:
    return bounded_client(parse_redis_url(get_settings().redis_url), command_seconds=_TIMEOUT_SECONDS)
