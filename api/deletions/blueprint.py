"""The blueprint of the deletion operations, and the receipt as they show it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.v1 import build_blueprint
from core.ids import format_id
from core.jobs.retention.tables import Deletion

deletions_blueprint = build_blueprint("deletions", "deletions", "Receipts of deleted jobs, files and sweeps.")


class DeletedObjectView(BaseModel):
    """One object of the bucket."""

    key: str
    kind: Literal["output", "input", "file"] | None = Field(
        description="null: left by an attempt that was not the job's last, or a checkpoint."
    )
    sha256: str | None = Field(description="Of its bytes, where the job knew it.")
    deleted_at: datetime | None = Field(description="When it was certain that the bucket does not list it any more.")


class DeletionView(BaseModel):
    """The receipt of a deleted job, file or sweep. It holds nothing of what was asked for or drawn, and is kept."""

    id: str = Field(examples=["del_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"])
    job_id: str | None = Field(examples=["job_0199f2c4a8b97c03b7e1f6a2d3c4b5e6"], description="null: it was none.")
    file_id: str | None = Field(description="null: it was none.")
    sweep_id: str | None = Field(description="null: it was none. Its jobs have receipts of their own.")
    status: Literal["pending", "completed"] = Field(
        description="`pending`: shown to nobody any more, and deleted as soon as the object store answers."
    )
    api_key_id: str = Field(description="The first 12 characters after `dk_` of the key that asked for it.")
    request_id: str
    objects: list[DeletedObjectView]
    requested_at: datetime
    completed_at: datetime | None

    @classmethod
    def build(cls, deletion: Deletion) -> DeletionView:
        ids = {f"{name}_id": None for name in ("job", "file", "sweep")}
        return cls(
            **ids | {f"{deletion.subject}_id": format_id(deletion.subject, deletion.job_id)},
            id=format_id("del", deletion.id),
            status="pending" if deletion.completed_at is None else "completed",
            api_key_id=deletion.api_key_id,
            request_id=deletion.request_id,
            objects=[DeletedObjectView(**described) for described in deletion.objects],
            requested_at=deletion.requested_at,
            completed_at=deletion.completed_at,
        )
