"""Calls that are repeated without an Idempotency-Key: a client that lost the answer to a call sends it again, and says only how often
it has done so, or not even that. The call that is repeated is found by what it asks for, and in the second case also by the fate of its
answer: it has been noticed that it did not reach the client.
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

#: Begins the key of a call whose client does not say what it repeats, as long as nobody knows that its answer is lost. No key of a
#: header begins like this, or like the other one: those hold no blank.
_HELD = "held "

#: Makes a call one that the next equal call repeats.
_RECORD_LOST = """
UPDATE idempotency_keys SET key = 'call 0 ' || job_id::text WHERE account_id = %(account_id)s AND key = %(key)s
"""

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

    #: 0 for the first try; None: the client does not say, and repeats the call if an earlier answer to it is lost.
    repeat: int | None
    #: Who calls, and what: the public part of an API key, and the operation. Those of others are other calls.
    caller: str


class _Joined(NamedTuple):
    job_id: UUID


def join_call(session: Session, call: Call, *, account_id: UUID, request_sha256: bytes, job_id: UUID) -> UUID | None:
    """Returns the id of the job that an earlier try of the call made; or remembers that the call makes `job_id`, and returns None."""
    digest = hashlib.sha256(call.caller.encode() + request_sha256).digest()
    execute(session.connection(), _LOCK, {"lock": int.from_bytes(digest[:8], "big", signed=True)})
    prefix, repeat = (_HELD, 1) if call.repeat is None else (f"call {call.repeat} ", call.repeat)
    if repeat > 0:
        joined = fetch_one(
            session.connection(),
            _JOIN,
            {
                "account_id": account_id,
                "digest": digest,
                "prefix": prefix,
                "repeat": repeat,
                "seconds": _LOST_ANSWER_SECONDS,
            },
            into=_Joined,
        )
        if joined is not None:
            return joined.job_id
    session.add(IdempotencyKey(account_id=account_id, key=f"{prefix}{job_id}", request_sha256=digest, job_id=job_id))
    return None


def record_lost_answer(session: Session, *, account_id: UUID, job_id: UUID) -> None:
    """The answer to the call that waits for this job did not reach its client, which did not say how often it has sent the call: the next
    equal call joins the job.
    """
    execute(session.connection(), _RECORD_LOST, {"account_id": account_id, "key": f"{_HELD}{job_id}"})
