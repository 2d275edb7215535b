"""What a worker is given of a job that it has claimed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.tables import Artifact, ArtifactKind
from core.catalog import Task
from core.jobs.attempts.checkpoints import StoredCheckpoint, find_checkpoint
from core.jobs.attempts.open_attempt import OpenedAttempt
from core.jobs.failures import FailureCode
from core.jobs.request.input_images import list_input_ids
from core.jobs.request.picture_fields import IMAGE_FIELDS
from core.jobs.styles.rendered_prompts import name_rendered
from core.jobs.tables import JobAttempt


@dataclass(frozen=True)
class ClaimedInput:
    """An image that the job starts from, as it lies in the bucket."""

    storage_key: str
    #: Of its bytes.
    sha256: str
    #: Otherwise it is another job's output, and may go with that job.
    came_with_request: bool


@dataclass(frozen=True)
class ClaimedAttempt:
    """All that a worker needs to render one attempt without asking the database again."""

    #: The fencing token.
    id: UUID
    job_id: UUID
    account_id: UUID
    attempt_number: int
    model: str
    model_revision: str
    task: Task
    #: Every parameter; with a style, the prompts in its frame.
    request: dict[str, Any]
    #: Denoising steps that it takes, in which its progress is counted.
    steps: int
    #: Of these, those that it need not do again if it can resume.
    resume_step: int
    #: Megapixel-steps.
    cost: float
    seed: int
    request_id: str
    #: On the database's clock.
    started_at: datetime
    #: Seconds from the job becoming available to this claim.
    waited_seconds: float
    #: By the place in the request (`image`, or `image.0` and so on); None if the artifact is not there any more.
    inputs: dict[str, ClaimedInput | None] = field(default_factory=dict)
    #: The name of its style.
    style: str | None = None
    #: Where an earlier attempt's render can resume.
    checkpoint: StoredCheckpoint | None = None
    #: An earlier attempt failed as `internal`: what ended it is not known, and is kept apart from other jobs.
    failed_on_our_side: bool = False
    #: What `JobOrigin.describe` says of the job that this one was made from.
    origin: dict[str, Any] | None = None
    #: The sweep whose end the job's end may be.
    sweep_id: UUID | None = None

    @property
    def image_seeds(self) -> list[int]:
        """The seed of every image of the job: image i is drawn from seed + i."""
        return [self.seed + index for index in range(self.request["num_images"])]


def build_claimed_attempt(session: Session, opened: OpenedAttempt) -> ClaimedAttempt:
    """Returns the attempt that was just opened, with what its job starts from."""
    job = opened.job
    return ClaimedAttempt(
        id=opened.attempt_id,
        job_id=job.id,
        account_id=job.account_id,
        attempt_number=opened.attempt_number,
        model=job.model,
        model_revision=job.model_revision,
        task=job.task,
        request=name_rendered(job.request, job.rendered_prompts),
        style=job.style,
        steps=opened.steps,
        resume_step=job.resume_step or 0,
        cost=job.cost,
        seed=job.seed,
        request_id=job.request_id,
        started_at=job.now,
        waited_seconds=(job.now - job.available_at).total_seconds(),
        inputs=_read_inputs(session, job.request, account_id=job.account_id),
        checkpoint=find_checkpoint(session, job_id=job.id) if opened.attempt_number > 1 else None,
        origin=job.origin,
        failed_on_our_side=opened.attempt_number > 1 and _has_failed_on_our_side(session, job_id=job.id),
        sweep_id=job.sweep_id,
    )


def _has_failed_on_our_side(session: Session, *, job_id: UUID) -> bool:
    failed = select(JobAttempt.id).where(JobAttempt.job_id == job_id, JobAttempt.failure_code == FailureCode.INTERNAL)
    return session.scalars(failed.limit(1)).first() is not None


def _read_inputs(session: Session, request: dict[str, Any], *, account_id: UUID) -> dict[str, ClaimedInput | None]:
    if not any(field in request for field in IMAGE_FIELDS):
        return {}
    ids = list_input_ids(request)
    rows = session.scalars(select(Artifact).where(Artifact.id.in_(ids.values()), Artifact.account_id == account_id))
    found = {
        row.id: ClaimedInput(row.storage_key, row.sha256, came_with_request=row.kind == ArtifactKind.INPUT)
        for row in rows
    }
    return {place: found.get(id_) for place, id_ in ids.items()}
