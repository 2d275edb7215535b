"""What a job's view shows of an artifact, and the SQL that reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from core.artifacts.tables import format_public_id

#: In the order of `ShownImage`.
_COLUMNS = ", ".join(
    f"artifact.{name}"
    for name in (
        *("id", "kind", "position", "storage_key", "media_type", "byte_size", "sha256", "width", "height", "seed"),
        "deleted_at",
    )
)

#: A subquery for SQL text: the outputs of the job `job`, in their order, as a JSON array of what `ShownImage.read` takes.
OUTPUTS_OF_JOB = f"""
    SELECT json_agg(json_build_array({_COLUMNS}) ORDER BY artifact.position)
    FROM artifacts AS artifact WHERE artifact.job_id = job.id AND kind = 'output'
"""  # noqa: S608  (names of ours)

#: The same of those artifacts and files whose ids (`art_…`, `file_…`) the texts of the subquery `named (name)` are.
IMAGES_BY_NAME = f"""
    SELECT json_agg(json_build_array({_COLUMNS}))
    FROM named JOIN artifacts AS artifact ON artifact.id = right(named.name, 32)::uuid
"""  # noqa: S608  (names of ours)


class ShownImage(NamedTuple):
    """An artifact. Sizes in pixels and bytes; the names are the columns', which `tables.py` explains."""

    id: UUID
    kind: str
    position: int
    storage_key: str
    media_type: str
    byte_size: int
    sha256: str
    width: int
    height: int
    seed: int | None
    deleted_at: datetime | None

    @property
    def public_id(self) -> str:
        """The id as clients see it."""
        return format_public_id(self.kind, self.id)

    @classmethod
    def read(cls, columns: Sequence[Any]) -> Self:
        """One of the JSON arrays that the SQL above makes."""
        id_, *others, deleted_at = columns
        return cls._make([UUID(id_), *others, None if deleted_at is None else datetime.fromisoformat(deleted_at)])
