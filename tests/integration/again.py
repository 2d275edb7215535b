"""Jobs that are made from others, over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from core.database import transaction
from core.ids import parse_id
from core.jobs.failures import Failure, FailureCode
from core.jobs.outcomes.record_outcome import record_failure
from core.jobs.tables import Job
from tests.integration.attempts import claim_one

#: As a worker writes it, but for what does not matter here.
RECEIPT: dict[str, Any] = {
    "model": {"id": "picturebook", "revision": "1", "default_scheduler": "ddim", "file_sha256": {"unet": "aa"}},
    "scheduler": {"class": "DDIMScheduler", "config": {"beta_start": 0.1}},
    "versions": {"torch": "2.13.0", "diffusers": "0.42.1"},
    "device": "cpu (x86_64)",
    "torch_threads": 1,
    "dtype": "float32",
    "switches": {},
    "loras": [],
}


class Again:
    """The operations of one account."""

    def __init__(self, client: FlaskClient, api_key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def send(self, job_id: str, how: str, body: Any = None, **headers: str) -> TestResponse:
        """POST to an operation of the job."""
        return self._client.post(f"/v1/jobs/{job_id}/{how}", json=body, headers=self._headers | headers)

    def get(self, path: str) -> TestResponse:
        """GET below /v1."""
        return self._client.get(f"/v1/{path}", headers=self._headers)

    def delete(self, job_id: str) -> TestResponse:
        """DELETE the job."""
        return self._client.delete(f"/v1/jobs/{job_id}", headers=self._headers)


def fail_one() -> UUID:
    """Let the next job fail for good."""
    attempt = claim_one()
    failure = Failure(FailureCode.INVALID_REQUEST, "it does not go")
    with transaction() as session:
        assert record_failure(session, attempt_id=attempt.id, failure=failure) == "failed"
    return attempt.job_id


def write_receipt(job_id: str, receipt: dict[str, Any]) -> None:
    """As if another worker had drawn the job."""
    with transaction() as session:
        session.execute(update(Job).where(Job.id == parse_id("job", job_id)).values(receipt=receipt))


def strip(request: dict[str, Any], *names: str) -> dict[str, Any]:
    """The request without some of its fields."""
    return {name: value for name, value in request.items() if name not in names}
