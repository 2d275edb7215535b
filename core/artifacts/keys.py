"""Where in the bucket an artifact lies. Pure functions."""

from __future__ import annotations

from uuid import UUID

from core.ids import format_id


def build_attempt_prefix(*, job_id: UUID, attempt_number: int) -> str:
    """The folder of one attempt: a late twin of an attempt writes beside the winner, never over it."""
    return f"artifacts/{format_id('job', job_id)}/{attempt_number}/"


def build_storage_key(*, job_id: UUID, attempt_number: int, position: int, extension: str) -> str:
    """`artifacts/{job_id}/{attempt_number}/{position}.{extension}`."""
    return f"{build_attempt_prefix(job_id=job_id, attempt_number=attempt_number)}{position}.{extension}"
