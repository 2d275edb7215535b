"""What workers do in an attempt, and how their answers get lost: the product's own use cases, and no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.artifacts.keys import build_checkpoint_key
from core.database import transaction
from core.jobs.attempts.checkpoints import StoredCheckpoint
from core.jobs.attempts.claim_step_by_step import claim_step_by_step
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_cancellation, record_failure, record_interruption
from core.jobs.outcomes.record_success_step_by_step import record_success_step_by_step
from core.jobs.outcomes.rendered import Rendered
from core.jobs.status import JobStatus
from tests.lifecycle_walk.model import LEASE_SECONDS
from worker.rendering.attempt.commit_outcome import commit_outcome, in_one_commit
from worker.rendering.attempt.group_claimer import GroupClaimer
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter
from worker.rendering.images.encode import EncodedImage
from worker.rendering.images.upload import upload_images

#: How a write goes: it arrives and is answered; only the answer is lost; it never arrives; or the worker dies before it
#: commits, or after.
Fate = Literal["answered", "answer lost", "unreachable", "killed before the commit", "killed after the commit"]

#: How an attempt ends, as its worker sees it; failures by their code.
How = Literal[
    "success", "internal", "model_unavailable", "cancellation", "interruption", "interruption with a checkpoint"
]

#: Where a worker that drains leaves a render.
LAST_STEP = 10

#: What the threads of a worker share.
_CLAIMANT = ClaimingWorker(pool="default", worker_id="worker", lease_seconds=LEASE_SECONDS)
_CLAIMER = GroupClaimer(lambda: _CLAIMANT)
_SUCCESSES = GroupSuccessWriter()


@dataclass(frozen=True)
class Outcome:
    """What is to be written down."""

    in_transaction: Callable[[Session], JobStatus]
    #: As a worker does it.
    committed: Callable[[], JobStatus]


class Killed(Exception):
    """The worker was killed."""


def claim(*, is_killed: bool = False) -> ClaimedAttempt | None:
    """The next job of the pool. Raises Killed (by `is_killed`) before it is committed."""
    if not is_killed:
        return _CLAIMER.claim(lambda _: None)
    with transaction() as session:
        claim_step_by_step(session, _CLAIMANT)
        raise Killed


def prepare(how: How, attempt: ClaimedAttempt, uploads: ThreadPoolExecutor) -> Outcome:
    """What the worker has to write down; of a success, the image lies in the bucket by now."""
    match how:
        case "success":
            rendered = _store_image(attempt, uploads)
            return Outcome(
                partial(record_success_step_by_step, attempt_id=attempt.id, rendered=rendered),
                partial(_SUCCESSES.write, attempt_id=attempt.id, rendered=rendered),
            )
        case "cancellation":
            return _outcome(record_cancellation, attempt)
        case "interruption":
            return _outcome(record_interruption, attempt)
        case "interruption with a checkpoint":
            return _outcome(record_interruption, attempt, checkpoint=checkpoint_of(attempt, LAST_STEP))
        case _:
            return _outcome(record_failure, attempt, failure=Failure(FailureCode(how), "it broke"))


def _outcome(write: Callable[..., JobStatus], attempt: ClaimedAttempt, **details: object) -> Outcome:
    in_transaction = partial(write, attempt_id=attempt.id, **details)
    return Outcome(in_transaction, partial(in_one_commit, in_transaction))


def _store_image(attempt: ClaimedAttempt, uploads: ThreadPoolExecutor) -> Rendered:
    body = str(attempt.id).encode()
    image = EncodedImage(body, "image/png", "png", 128, 128, hashlib.sha256(body).hexdigest())
    stored = upload_images({0: image}, attempt, uploads, on_stored=lambda _image: None)
    return Rendered(images=stored, receipt={"attempt": str(attempt.id)}, warnings=[], render_ms=10, upload_ms=5)


def checkpoint_of(attempt: ClaimedAttempt, step: int) -> StoredCheckpoint:
    """A checkpoint that the attempt wrote at a step."""
    key = build_checkpoint_key(job_id=attempt.job_id, attempt_number=attempt.attempt_number, step=step)
    return StoredCheckpoint(key, "0" * 64, step)


def write(outcome: Outcome, fate: Fate) -> JobStatus:
    """Write the outcome down as a worker does. Raises LeaseLost, also where the database is away for too long, and Killed."""
    lost = OperationalError("", None, Exception("the connection is gone"))
    is_first = True

    def under_fate() -> JobStatus:
        nonlocal is_first
        if fate == "unreachable":
            raise lost
        if fate == "killed before the commit":
            with transaction() as session:
                outcome.in_transaction(session)
                raise Killed
        status = outcome.committed()
        if fate == "answer lost" and is_first:
            is_first = False
            raise lost
        return status

    status = commit_outcome(under_fate, give_up_after_seconds=0 if fate == "unreachable" else LEASE_SECONDS)
    if fate == "killed after the commit":
        raise Killed
    return status
