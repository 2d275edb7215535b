"""Answer a call with its finished job. What waits takes no thread, and a long wait is kept alive."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

import structlog
from flask import Response, g, request

from api.authentication import current_account_id
from api.live.asked import KeptAlive, ask_to_answer_then, find_resumed
from api.translation.submit import is_repeating_client
from api.unread_body import note_whole_body
from core.database import read_with_one_retry, transaction
from core.errors import DarkroomError, StorageUnavailable, WaitEnded
from core.ids import parse_id
from core.jobs.status import FINISHED
from core.jobs.submit.repeated_calls import record_lost_answer
from core.jobs.views.build_view import show_row
from core.jobs.views.job_view import JobView
from core.jobs.views.read_jobs import read_job

#: Seconds that a call waits at most, if its client does not say otherwise.
LONGEST_WAIT_SECONDS = 24 * 3600.0

#: Seconds until an answer begins, and between blanks: shorter than the patience of proxies (60 s) and of most clients.
_BEGIN_SECONDS = 10.0
_BLANK_SECONDS = 5.0

#: Seconds that the client waits for a byte, as clients that Stainless generates say; both times are a third of it at most.
_PATIENCE = "X-Stainless-Read-Timeout"

_log = structlog.get_logger()


def answer_finished(
    job: JobView,
    answer: Callable[[JobView], Response],
    *,
    keep_alive: bool | KeptAlive,
    joins_lost: bool = False,
) -> Response:
    """Answers with `answer(job)` when the job has ended: now, or later, without a thread. The job was submitted with `keeps=WaitAsked`.

    `keep_alive`: the answer is JSON, and may begin with blanks before the job has ended. Then a job that fails late is an error all
    the same for a client that repeats what is cut off (`is_repeating_client`); others get the error as the body of a 200.
    `joins_lost`, as it was submitted: the next equal call has the answer, if it does not reach the client of this one.
    """

    def answer_at_the_end(job: JobView) -> Response:
        if job.status not in FINISHED:
            # The server ends, or the longest wait has.
            raise WaitEnded
        return answer(job)

    kept_alive = _build_keep_alive() if keep_alive is True else keep_alive or None
    lost = _LostAnswer(current_account_id(), job.id) if joins_lost else None
    return answer_later(job, answer_at_the_end, seconds=LONGEST_WAIT_SECONDS, kept_alive=kept_alive, lost=lost)


def read_patience() -> float | None:
    """Seconds that the client waits for a byte, if it says so."""
    try:
        seconds = float(request.headers.get(_PATIENCE, ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _build_keep_alive() -> KeptAlive:
    third = (read_patience() or math.inf) / 3
    return KeptAlive(
        after=min(_BEGIN_SECONDS, third), every=min(_BLANK_SECONDS, third), is_repeated=is_repeating_client()
    )


class _LostAnswer:
    """Records that the answer did not reach its client, once: after that another call may wait for the same job."""

    def __init__(self, account_id: UUID, job_id: str) -> None:
        self._account_id = account_id
        self._job_id = job_id
        self._turn = threading.Lock()
        self._is_recorded = False

    def __call__(self) -> None:
        id_ = parse_id("job", self._job_id)
        with self._turn:
            if self._is_recorded or id_ is None:
                return
            self._is_recorded = True
            try:
                with transaction() as session:
                    record_lost_answer(session, account_id=self._account_id, job_id=id_)
            except DarkroomError as error:
                # Then the next equal call is a job of its own.
                _log.warning("lost_answer_not_recorded", job_id=self._job_id, error=error.code)


def answer_later(
    job: JobView,
    answer: Callable[[JobView], Response],
    *,
    seconds: float,
    kept_alive: KeptAlive | None = None,
    lost: Callable[[], None] | None = None,
) -> Response:
    """Answers with `answer(job)` when the job has ended, or as it stands after so many seconds. The job was submitted with `keeps=WaitAsked`.

    `answer` runs in a request of its own, with the account on `g`, but without the body: what it needs of that, it has to hold.
    """
    job_id = parse_id("job", job.id)
    if job.status in FINISHED or job_id is None or seconds <= 0:
        return answer(job)
    ask_to_answer_then(
        account_id=current_account_id(), job_id=job_id, seconds=seconds, then=answer, kept_alive=kept_alive, lost=lost
    )
    # Of this the head alone is sent, if the wait is kept alive. A proxy must not keep the blanks back.
    return Response(iter([b""]), mimetype="application/json", headers={"X-Accel-Buffering": "no"})


def answer_waited() -> Response | None:
    """Stands before the operations of dialects. None: the request has not waited."""
    resumed = find_resumed(request.environ)
    if resumed is None or resumed.asked.then is None or resumed.asked.job_id is None:
        return None
    # It was read before the wait.
    note_whole_body()
    job_id, lost = resumed.asked.job_id, resumed.asked.lost
    try:
        job = show_row(
            read_with_one_retry(lambda connection: read_job(connection, account_id=current_account_id(), job_id=job_id))
        )
        g.answered_with |= {"job_id": job.id, "model": job.model}
        response: Response = resumed.asked.then(job)
    except (WaitEnded, StorageUnavailable):
        # It passes by itself, and is no answer.
        if lost is not None:
            lost()
        raise
    if lost is not None and response.status_code != HTTPStatus.OK and resumed.is_repeated:
        lost()
    return response
