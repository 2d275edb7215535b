"""A job whose pictures are still to be fetched from their addresses: what its row says until then, and what the fetch is given."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from core.database import seconds_from_now
from core.jobs.styles.apply_style import StyledRequest
from core.jobs.styles.resolve_styled import style_request
from core.jobs.submit.new_job import NewJob, Submission
from core.jobs.tables import InputFetch, Job

#: A hundred years: the end of the fetch makes the job available.
_UNTIL_FETCHED_SECONDS = 100 * 365 * 24 * 3600.0


def leave_open(submission: Submission, job: NewJob) -> None:
    """Takes out of the new job what follows from sizes that nobody knows yet: warnings, and sides that are a picture's."""
    request = submission.request
    job.warnings[:] = _style(submission).warnings
    if request.size is None and request.aspect_ratio is None:
        for side in ("width", "height"):
            if getattr(request, side) is None:
                job.request.pop(side, None)


def await_pictures(session: Session, jobs: Sequence[tuple[Submission, NewJob]]) -> None:
    """No claim sees these jobs, whose rows are written, until their pictures have been fetched."""
    if not jobs:
        return
    session.execute(
        update(Job)
        .where(Job.id.in_([job.id for _, job in jobs]))
        .values(available_at=seconds_from_now(_UNTIL_FETCHED_SECONDS))
    )
    fetches = [
        {
            "job_id": job.id,
            "account_id": job.account_id,
            "request": _style(submission).request.model_dump(exclude_unset=True),
        }
        for submission, job in jobs
    ]
    session.execute(insert(InputFetch), fetches)


def _style(submission: Submission) -> StyledRequest:
    """The request as it is rendered; without a style it is the one that was sent."""
    request, style = submission.request, submission.style
    if style is None:
        return StyledRequest(request, frozenset())
    default_model = submission.settings.default_model
    return style_request(request, style, catalog=submission.catalog, default_model=default_model)
