"""The blueprint of the job operations, and what several of them share."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.errors import JobNotFound
from core.ids import parse_id

jobs_blueprint = build_blueprint("jobs", "jobs", "Send a prompt, follow it, fetch its images.")


class JobPath(BaseModel):
    """The id in the address."""

    job_id: str = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])

    def parse(self) -> UUID:
        """The job's id. Raises JobNotFound for a text that cannot be one, as for a job that does not exist."""
        job_id = parse_id("job", self.job_id)
        if job_id is None:
            raise JobNotFound
        return job_id
