"""Send a job that failed or was cancelled once more."""

from __future__ import annotations

from uuid import UUID

from core.database import transaction
from core.errors import JobNotFinished, JobSucceeded
from core.jobs.again.find_job import check_kept, get_own_job
from core.jobs.again.rebuild_request import build_request, keep_prompts, list_unsaid, rebuild_values
from core.jobs.again.sender import Sender
from core.jobs.origins.origin import JobOrigin
from core.jobs.status import FINISHED, JobStatus
from core.jobs.submit.new_job import Submission


def build_retry(sender: Sender, *, job_id: UUID) -> Submission:
    """The submission of the same request: every parameter and the seed, pictures, labels, priority, retention, webhook, and as many
    seconds to the deadlines as then.

    Raises JobNotFound, JobDeleted, JobNotFinished, JobSucceeded, JobNotKept, and InvalidRequest with each field that the model does
    not take any more.
    """
    with transaction() as session:
        job = get_own_job(session, account_id=sender.account_id, job_id=job_id)
        if job.status not in FINISHED:
            raise JobNotFinished(
                "The job has not finished: where another attempt can help it is made without being asked for. Cancel the job to "
                "send it again, or use `vary`."
            )
        if job.status == JobStatus.SUCCEEDED:
            raise JobSucceeded
        check_kept(job)
        values, style = rebuild_values(session, job), keep_prompts(job)
    request = build_request(values, unsaid=list_unsaid(values, catalog=sender.catalog))
    return sender.submission(request, JobOrigin(job_id, "retry"), style=style)
