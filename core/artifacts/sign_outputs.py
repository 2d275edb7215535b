"""Put fresh download addresses into the outputs of a stored event."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.storage import sign_download
from core.artifacts.tables import Artifact
from core.ids import format_id


def sign_outputs(session: Session, *, job_id: UUID, outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs, each with an address that works from now; one whose file is gone keeps null."""
    if not outputs:
        return []
    rows = session.execute(select(Artifact.id, Artifact.storage_key).where(Artifact.job_id == job_id))
    keys = {format_id("art", artifact_id): key for artifact_id, key in rows}
    return [_sign(output, keys.get(output["id"])) for output in outputs]


def _sign(output: dict[str, Any], key: str | None) -> dict[str, Any]:
    if key is None:
        return output
    url, expires_at = sign_download(key)
    return output | {"url": url, "url_expires_at": expires_at.isoformat()}
