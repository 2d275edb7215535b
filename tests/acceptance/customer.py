"""A customer of the service: what an app that uses the API does, over real HTTP."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from sqlalchemy.orm import Session

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from core.accounts.create_account import create_account
from core.accounts.manage_keys import issue_api_key
from core.database import build_engine
from infra.local import LocalStack

FINISHED = {"succeeded", "failed", "cancelled"}

#: A job that is rendered in a blink.
SMALL: dict[str, Any] = {"width": 64, "height": 64, "num_inference_steps": 1}


class Customer:
    """One account's view of a stack."""

    def __init__(self, stack: LocalStack, api_key: str) -> None:
        self.api_key = api_key
        self.http = httpx2.Client(base_url=stack.url, headers={"Authorization": f"Bearer {api_key}"}, timeout=20)

    def submit(self, prompt: str = "a red mug", **parameters: Any) -> dict[str, Any]:
        """Send a job; the answer must be 202."""
        response = self.http.post("/v1/jobs", json={"prompt": prompt, **parameters})
        assert response.status_code == 202, response.text
        return dict(response.json())

    def read(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job as it stands."""
        response = self.http.get(f"/v1/jobs/{job['id']}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    def wait_for(
        self, job: dict[str, Any], reached: Callable[[dict[str, Any]], bool], what: str, seconds: float = 60
    ) -> dict[str, Any]:
        """Poll until the job is as wanted; fail the test if it is not within some seconds."""
        deadline = time.monotonic() + seconds
        while True:
            job = self.read(job)
            if reached(job):
                return job
            assert time.monotonic() < deadline, f"not {what} within {seconds} s: {job}"
            time.sleep(0.05)

    def wait_until_finished(self, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """Poll until the job has reached an end."""
        return self.wait_for(job, lambda job: job["status"] in FINISHED, "finished", seconds)

    def wait_until_rendering(self, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """Poll until the job is between two denoising steps."""
        return self.wait_for(
            job, lambda job: job["status"] == "running" and job["progress"]["step"] > 0, "rendering", seconds
        )

    def wait_until_all_finished(self, jobs: Collection[dict[str, Any]], seconds: float = 60) -> list[dict[str, Any]]:
        """Poll until each of the jobs has reached an end; in their order."""
        deadline = time.monotonic() + seconds
        return [self.wait_until_finished(job, max(1, deadline - time.monotonic())) for job in jobs]

    def cancel(self, job: dict[str, Any]) -> httpx2.Response:
        """Ask for the job to be cancelled."""
        return self.http.post(f"/v1/jobs/{job['id']}/cancel")

    def download(self, output: dict[str, Any]) -> bytes:
        """The bytes of an output; their sha256 must be the one in the job."""
        response = httpx2.get(output["url"])
        assert response.status_code == 200, response.text
        assert hashlib.sha256(response.content).hexdigest() == output["sha256"]
        assert len(response.content) == output["byte_size"]
        return response.content


@contextmanager
def open_account(stack: LocalStack, name: str) -> Iterator[Customer]:
    """A new account of the stack."""
    engine = build_engine(stack.environment["DATABASE_URL"], pool_size=1)
    with Session(engine) as session, session.begin():
        account = create_account(session, name=name)
        key = issue_api_key(session, account_id=account.id, pepper=stack.environment["API_KEY_PEPPER"])
    engine.dispose()
    customer = Customer(stack, key)
    with customer.http:
        yield customer
