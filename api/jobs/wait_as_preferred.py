"""`Prefer: wait=N` of a submit: the answer comes when the job has ended."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from pydantic import Field, RootModel

from api.authentication import current_account_id
from api.headers import Headers
from api.live.asked import ask_to_wait_for_submitted, can_wait
from api.live.prefer import MOST_WAIT_SECONDS, parse_wait
from core.ids import parse_id
from core.jobs.status import FINISHED
from core.jobs.submit.dry_run import DryRunView
from core.jobs.views.job_view import JobView

#: Of the answer to a submit that also an answer after a wait has.
_KEPT_HEADERS = ("Location", "Idempotent-Replayed")


class PreferHeaders(Headers):
    """What the client would rather have."""

    prefer: str | None = Field(
        default=None,
        alias="Prefer",
        description=f"`wait=N`: answer when the job has ended, or after N seconds ({MOST_WAIT_SECONDS} at most). The answer says with "
        "`Preference-Applied` that it has waited; if too many wait, it comes at once, and without that header.",
        examples=["wait=5"],
    )


class FinishedOrTried(RootModel[JobView | DryRunView]):
    """The finished job that was waited for; or with `dry_run` what the job would be."""


def wait_as_preferred(prefer: str | None, job: JobView, response: Response) -> None:
    """Has the finished job answered instead, if the client would rather wait and the job ends in time."""
    seconds = parse_wait(prefer)
    if seconds is None:
        return
    applied = {"Preference-Applied": f"wait={seconds}"}
    if job.status in FINISHED:
        # A repeated Idempotency-Key, long after its job.
        response.status_code = HTTPStatus.OK
        response.headers.update(applied)
        return
    job_id = parse_id("job", job.id)
    if job_id is not None and seconds > 0 and can_wait(current_account_id()):
        kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        ask_to_wait_for_submitted(
            account_id=current_account_id(), job_id=job_id, seconds=seconds, headers=kept | applied
        )
