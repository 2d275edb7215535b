"""Read what happened inside the attempts of jobs, as far as Redis still has it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from uuid import UUID

import redis
import structlog

from core.live_events.channels import stream_key
from core.live_events.message import Progress, UnreadableMessage
from core.logs import describe_error
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client, time_limit
from core.settings import get_settings

#: Seconds for one question.
_READ_SECONDS = 1.0

_log = structlog.get_logger()


def read_streams(after: Mapping[UUID, int]) -> dict[UUID, list[Progress]]:
    """The events of each job whose numbers are larger than the one given for it, in order. Jobs are left out if Redis has
    nothing of them, and all of them if it does not answer.
    """
    if not after:
        return {}
    try:
        with time_limit(_READ_SECONDS):
            pipeline = _get_redis().pipeline(transaction=False)
            for job_id, number in after.items():
                pipeline.xrange(stream_key(job_id), min=f"{number + 1}-0")
            answers = pipeline.execute(raise_on_error=False)
    except redis.RedisError as error:
        _log.warning("events_not_read", error=describe_error(error))
        return {}
    return {
        job_id: [event for _, fields in entries for event in _parse(fields)]
        for job_id, entries in zip(after, answers, strict=True)
        if entries and not isinstance(entries, Exception)
    }


def _parse(fields: Mapping[bytes, bytes]) -> list[Progress]:
    try:
        return [Progress.parse(fields[b"e"])]
    except (KeyError, UnreadableMessage):
        return []


@cache
def _get_redis() -> redis.Redis:
    return bounded_client(parse_redis_url(get_settings().redis_url), command_seconds=_READ_SECONDS)
