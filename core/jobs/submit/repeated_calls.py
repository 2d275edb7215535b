"""Calls that their clients repeat by themselves, without an Idempotency-Key: a client that lost the answer to a call sends it again,
and says only how often it has done so. The call that is repeated is found by what it asks for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from core.database import execute, fetch_one
from core.jobs.tables import IdempotencyKey

#: Seconds after the end of its job for which a call may still be repeated: its answer was lost. Later it is another call that asks
#: for the same.
_LOST_ANSWER_SECONDS = 15 * 60

#: Of the transaction: simultaneous tries of equal calls wait for each other.
_LOCK = "SELECT pg_advisory_xact_lock(%(lock)s)"

#: The call that most likely is repeated: one whose job has not ended, the eldest first, or that whose job has ended last. A second
#: repeat of as many tries takes another call.
_JOIN = """
UPDATE idempotency_keys AS call SET key = %(prefix)s || call.job_id::text, created_at = now()
FROM (
    SELECT key.account_id, key.key FROM idempotency_keys AS key JOIN jobs AS job ON job.id = key.job_id
    WHERE key.account_id = %(account_id)s AND key.request_sha256 = %(digest)s AND key.key LIKE 'call %%'
      AND split_part(key.key, ' ', 2)::int < %(repeat)s AND job.deleted_at IS NULL
      AND (job.finished_at IS NULL OR job.finished_at > now() - make_interval(secs => %(seconds)s))
    ORDER BY job.finished_at DESC NULLS FIRST, job.id
    LIMIT 1
) AS found
WHERE call.account_id = found.account_id AND call.key = found.key
RETURNING call.job_id
"""


@dataclass(frozen=True)
class Call:
    """One try of a call."""

    #: 0 for the first try.
    repeat: int
    #: Who calls, and what: the public part of an API key, and the operation. Those of others are other calls.
    caller: str


class _Joined(NamedTuple):
    job_id: UUID


def join_call(session: Session, call: Call, *, account_id: UUID, request_sha256: bytes, job_id: UUID) -> UUID | None:
    """Returns the id of the job that an earlier try of the call made; or remembers that the call makes `job_id`, and returns None."""
    digest = hashlib.sha256(call.caller.encode() + request_sha256).digest()
    execute(session.connection(), _LOCK, {"lock": int.from_bytes(digest[:8], "big", signed=True)})
    # No key of a header begins like this: those hold no blank.
    prefix = f"call {call.repeat} "
    if call.repeat > 0:
        joined = fetch_one(
            session.connection(),
            _JOIN,
            {
                "account_id": account_id,
                "digest": digest,
                "prefix": prefix,
                "repeat": call.repeat,
                "seconds": _LOST_ANSWER_SECONDS,
            },
            into=_Joined,
        )
        if joined is not None:
            return joined.job_id
    session.add(IdempotencyKey(account_id=account_id, key=f"{prefix}{job_id}", request_sha256=digest, job_id=job_id))
    return None
