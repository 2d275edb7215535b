"""The blueprint of the job operations, and what several of them share."""

from __future__ import annotations

import re
from uuid import UUID

from pydantic import BaseModel, Field

from api.authentication import current_account_id
from api.jobs.answer_submitted import answer_submitted
from api.v1 import add_id_converter, build_blueprint, exclude_words
from core.database import transaction
from core.errors import JobNotFound
from core.ids import parse_id
from core.jobs.submit.idempotency import find_client_job

jobs_blueprint = build_blueprint("jobs", "jobs", "Send a prompt, follow it, fetch its images.")
# After the account is known, as build_blueprint has it.
jobs_blueprint.before_request(answer_submitted)

#: `/v1/jobs/cancel` and `/v1/jobs/delete` are operations of their own, and no jobs.
_OPERATIONS = ("cancel", "delete")
add_id_converter(jobs_blueprint, "job", *_OPERATIONS)

#: What a client may call its job: what needs no quoting in an address, and is no id of ours.
CLIENT_ID = exclude_words(*_OPERATIONS) + r"(?!job_)[A-Za-z0-9][A-Za-z0-9._~-]{0,99}"


class JobPath(BaseModel):
    """The id in the address: ours, or the one that a client gave with `PUT`."""

    job_id: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])

    def parse(self) -> UUID:
        """The job's id, also of one that goes by its client's own id. Raises JobNotFound for a text that is neither, as for a job
        that does not exist.
        """
        job_id = parse_id("job", self.job_id)
        if job_id is None and re.fullmatch(CLIENT_ID, self.job_id):
            with transaction() as session:
                job_id = find_client_job(session, account_id=current_account_id(), client_id=self.job_id)
        if job_id is None:
            raise JobNotFound
        return job_id
