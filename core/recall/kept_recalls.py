"""Recalls in Redis, for an hour: losing one harms nothing, since it can be handed over again."""

from __future__ import annotations

from functools import cache
from uuid import UUID

import redis
import structlog

from core.errors import RecallUnavailable
from core.live_events.channels import JOBS_CHANNEL
from core.live_events.message import UnreadableMessage
from core.logs import describe_error
from core.recall.recall import KEPT_SECONDS, Recall
from core.redis_link.address import parse_redis_url
from core.redis_link.bounded_client import bounded_client, time_limit
from core.settings import get_settings

#: Seconds for one round trip.
_TIMEOUT_SECONDS = 1.0

_log = structlog.get_logger()


def keep_recall(recall: Recall) -> None:
    """Keeps it in the place of the account's last one, and announces it to every API process. Raises RecallUnavailable."""
    text = recall.encode()
    try:
        with time_limit(_TIMEOUT_SECONDS):
            pipeline = _get_redis().pipeline(transaction=True)
            pipeline.set(_key(recall.account_id), text, ex=KEPT_SECONDS)
            pipeline.publish(JOBS_CHANNEL, text)
            pipeline.execute()
    except redis.RedisError as error:
        _log.warning("recall_not_kept", error=describe_error(error))
        raise RecallUnavailable from error


def find_recall(account_id: UUID) -> Recall | None:
    """The account's recall; None if there is none, or its hour is over. Raises RecallUnavailable."""
    try:
        with time_limit(_TIMEOUT_SECONDS):
            text = _get_redis().get(_key(account_id))
        return Recall.parse(text) if isinstance(text, bytes) else None
    except UnreadableMessage:
        return None
    except redis.RedisError as error:
        _log.warning("recall_not_read", error=describe_error(error))
        raise RecallUnavailable from error


def _key(account_id: UUID) -> str:
    return f"recall:{account_id.hex}"


@cache
def _get_redis() -> redis.Redis:
    return bounded_client(parse_redis_url(get_settings().redis_url), command_seconds=_TIMEOUT_SECONDS)
