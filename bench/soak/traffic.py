"""The load: jobs of a few accounts, with models drawn by Zipf's law, and more of them waiting than a claim looks ahead."""

from __future__ import annotations

import random
import threading
import time
from uuid import UUID

from sqlalchemy import func, select

from bench.soak.models import MODELS
from core.accounts.create_account import create_account
from core.catalog import get_catalog
from core.database import transaction
from core.jobs.request.render_request import RenderRequest
from core.jobs.status import JobStatus
from core.jobs.submit.new_job import Submission
from core.jobs.submit.submit_job import submit_job
from core.jobs.tables import Job
from core.settings import get_settings

#: The most jobs that wait at a time: more than a claim looks ahead.
WAITING = 48

_ACCOUNTS = 3

#: How often each model is asked for, most popular first: 1, 1/2, 1/3, 1/4.
_WEIGHTS = [1 / rank for rank in range(1, len(MODELS) + 1)]


class Traffic:
    """Submits this number of jobs, with never more than `WAITING` queued. The same number gives the same jobs."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._random = random.Random(jobs)
        self.thread = threading.Thread(target=self._submit_all, name="traffic", daemon=True)

    def _submit_all(self) -> None:
        with transaction() as session:
            accounts = [create_account(session, name=f"soak {number}").id for number in range(_ACCOUNTS)]
        left = self._jobs
        while left > 0:
            slots = min(left, WAITING - _count_waiting())
            for _ in range(slots):
                self._submit(self._random.choice(accounts))
            left -= slots
            time.sleep(0.02)

    def _submit(self, account_id: UUID) -> None:
        request = RenderRequest(
            prompt=self._random.choice(["a red mug", "a small blue bowl on a table", "two yellow boxes"]),
            model=self._random.choices(MODELS, _WEIGHTS)[0],
            num_inference_steps=self._random.choice([1, 2]),
            guidance_scale=self._random.choice([1.0, 4.0]),
            width=self._random.choice([64, 64, 128]),
            scheduler=self._random.choice(["ddim", "euler"]),
            seed=self._random.randrange(1000),
        )
        submit_job(
            Submission(
                request=request,
                account_id=account_id,
                request_id="soak",
                catalog=get_catalog(),
                settings=get_settings(),
            )
        )


def _count_waiting() -> int:
    with transaction() as session:
        query = select(func.count()).select_from(Job).where(Job.status == JobStatus.QUEUED)
        return session.execute(query).scalar_one()
