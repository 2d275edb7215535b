"""How long a job is kept after its end: its images, and its rows. Policy as SQL, on the database's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from core.accounts.tables import Account
from core.database import seconds_from_now
from core.errors import FieldError, InvalidRequest
from core.jobs.queued_limit import AccountShare
from core.settings import Settings


def check_retention(seconds: int | None, *, share: AccountShare, settings: Settings) -> None:
    """Raises InvalidRequest where a request asks for its images to be kept for longer than its account's policy."""
    images, jobs = share.artifact_retention_seconds, share.job_retention_seconds
    policy = (
        settings.artifact_retention_seconds if images is None else images,
        settings.job_retention_seconds if jobs is None else jobs,
    )
    longest = min(filter(None, policy), default=None)
    if seconds is not None and longest is not None and seconds > longest:
        raise InvalidRequest(
            [FieldError("retention_seconds", f"must be at most {longest}, as the account's policy says")]
        )


def build_expiries(
    account_id: UUID, retention_seconds: int | None, settings: Settings
) -> tuple[ColumnElement[datetime], ColumnElement[datetime]]:
    """When the images and when the rows of a job of the account that ends now are to go; null: never.

    Images go with their rows at the latest. Rows stay for as long as a lost worker may still upload something, so that
    the clean-up of the bucket knows of it.
    """
    images = _of_account(Account.artifact_retention_seconds, account_id, settings.artifact_retention_seconds)
    rows = _of_account(Account.job_retention_seconds, account_id, settings.job_retention_seconds)
    # LEAST passes over nulls, but a sum with null is null: never.
    shortest = func.least(literal(retention_seconds), images, rows)
    return seconds_from_now(shortest), seconds_from_now(rows + _margin(rows, settings.orphan_grace_seconds))


def _of_account(column: InstrumentedAttribute[int | None], account_id: UUID, default: int) -> ColumnElement[Any]:
    own = select(column).where(Account.id == account_id).scalar_subquery()
    return func.nullif(func.coalesce(own, default), 0)


def _margin(seconds: ColumnElement[Any], least: float) -> ColumnElement[Any]:
    return func.greatest(literal(least) - seconds, 0)
