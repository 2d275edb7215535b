"""Put fresh download addresses into the images of a stored event."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.artifacts.storage import sign_download
from core.artifacts.tables import Artifact, parse_public_id


def sign_images(session: Session, images: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The inputs or outputs, each with a fresh download address; one whose file is gone, or that was withheld, keeps null."""
    if not images:
        return []
    ids = [parse_public_id(image["id"]) for image in images if image["id"] is not None]
    rows = session.scalars(select(Artifact).where(Artifact.id.in_(ids), Artifact.deleted_at.is_(None)))
    keys = {artifact.public_id: artifact.storage_key for artifact in rows}
    return [_sign(image, keys.get(image["id"])) for image in images]


def _sign(image: dict[str, Any], key: str | None) -> dict[str, Any]:
    if key is None:
        return image
    url, expires_at = sign_download(key)
    return image | {"url": url, "url_expires_at": expires_at.isoformat()}
