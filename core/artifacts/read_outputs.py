"""The bytes of outputs, for answers that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.storage import bucket_in_a_hurry
from core.artifacts.tables import Artifact, ArtifactKind
from core.database import transaction
from core.errors import OutputNotFound


@dataclass(frozen=True)
class OutputBytes:
    """An output's file."""

    media_type: str
    sha256: str
    body: bytes


def read_outputs(artifact_ids: Sequence[UUID]) -> list[OutputBytes]:
    """The files of the outputs, in this order, whosever they are. Raises OutputNotFound if one is not there any more, and
    StorageUnavailable.
    """
    with transaction() as session:
        rows = _find(session, artifact_ids)
    if len(rows) < len(set(artifact_ids)):
        raise OutputNotFound
    # Nothing slow happens inside of the transaction.
    return [
        OutputBytes(media_type, sha256, bucket_in_a_hurry().get(key))
        for media_type, sha256, key in (rows[id_] for id_ in artifact_ids)
    ]


def _find(session: Session, artifact_ids: Sequence[UUID]) -> dict[UUID, tuple[str, str, str]]:
    found = session.execute(
        select(Artifact.id, Artifact.media_type, Artifact.sha256, Artifact.storage_key).where(
            Artifact.id.in_(artifact_ids), Artifact.kind == ArtifactKind.OUTPUT, Artifact.deleted_at.is_(None)
        )
    )
    return {row.id: (row.media_type, row.sha256, row.storage_key) for row in found}
