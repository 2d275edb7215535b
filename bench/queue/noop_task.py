"""The task of the no-op worker: the life of a job as in worker/rendering/run_job.py, without drawing."""

from __future__ import annotations

import os
import time
from functools import cache

from celery import shared_task

from core.artifacts.keys import build_storage_key
from core.artifacts.outputs import StoredImage
from core.doorbell import DELIVER_NEXT, RENDER_NEXT, WEBHOOK_QUEUE, get_doorbell
from core.jobs.attempts.affinity import Preference
from core.jobs.attempts.claimed_attempt import ClaimedAttempt
from core.jobs.attempts.claiming_worker import ClaimingWorker
from core.jobs.outcomes.rendered import Rendered
from core.live_events.sender import get_event_sender
from core.settings import Settings, get_settings
from worker.rendering.attempt.group_claimer import GroupClaimer
from worker.rendering.attempt.group_success_writer import GroupSuccessWriter

#: Names a file to which every claim is written: the job, and in nanoseconds when the ring arrived and the claim committed.
CLAIMS_FILE = "BENCH_CLAIMS_FILE"

_successes = GroupSuccessWriter()


@shared_task(name=RENDER_NEXT)
def render_next(**_: str) -> None:
    """Run jobs until none is left."""
    rung_at = time.monotonic_ns()
    while _run_next_job(get_settings(), rung_at):
        continue


def _run_next_job(settings: Settings, rung_at: int) -> bool:
    attempt = claim_like_a_worker(settings)
    if attempt is None:
        return False
    claimed_at = time.monotonic_ns()
    get_event_sender().announce(attempt.account_id, attempt.job_id)

    succeed_like_a_worker(attempt, draw_nothing(attempt))
    get_event_sender().announce(attempt.account_id, attempt.job_id)
    get_doorbell().ring_soon(WEBHOOK_QUEUE, DELIVER_NEXT)
    if claims := _open_claims_file():
        os.write(claims, f"{attempt.job_id} {rung_at} {claimed_at}\n".encode())
    return True


def claim_like_a_worker(settings: Settings) -> ClaimedAttempt | None:
    """The next job, committed under a lease; None if there is none."""
    return _build_claimer(settings.render_pool).claim(_take)


def _take(_: ClaimedAttempt) -> None:
    """Nothing: there is no capacity to account for."""


def succeed_like_a_worker(attempt: ClaimedAttempt, rendered: Rendered) -> None:
    """Commit the success of the attempt. Raises LeaseLost."""
    _successes.write(attempt_id=attempt.id, rendered=rendered)


@cache
def _build_claimer(pool: str) -> GroupClaimer:
    settings = get_settings()
    claimant = ClaimingWorker(
        pool=pool, worker_id="bench", lease_seconds=settings.lease_seconds, prefer=prefer_like_a_worker(settings)
    )
    return GroupClaimer(lambda: claimant)


def prefer_like_a_worker(settings: Settings) -> Preference:
    """The preference of a worker that has the default model in memory and draws nothing at the moment."""
    return Preference(
        resident=frozenset({settings.default_model}),
        joinable=frozenset(),
        max_wait_seconds=settings.affinity_max_wait_seconds,
    )


def draw_nothing(attempt: ClaimedAttempt) -> Rendered:
    """The result of a render that draws nothing: a row for every image of the request."""
    images = [
        StoredImage(
            position=position,
            storage_key=build_storage_key(
                job_id=attempt.job_id, attempt_number=attempt.attempt_number, position=position, extension="png"
            ),
            media_type="image/png",
            byte_size=1,
            sha256="0" * 64,
            width=attempt.request["width"],
            height=attempt.request["height"],
            seed=seed,
        )
        for position, seed in enumerate(attempt.image_seeds)
    ]
    return Rendered(images=images, receipt={"bench": "no-op"}, warnings=[], render_ms=0, upload_ms=0)


@cache
def _open_claims_file() -> int | None:
    path = os.environ.get(CLAIMS_FILE)
    return None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
