"""What every table shares: one metadata, predictable constraint names, times with a time zone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

#: UTC, with time zone: the only kind of time stored.
Timestamp = DateTime(timezone=True)


class Table(DeclarativeBase):
    """Base of every ORM class ("model" means a diffusion checkpoint here)."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (read by SQLAlchemy, never changed)
        datetime: Timestamp,
        dict[str, Any]: JSONB,
        list[str]: JSONB,
        UUID: Uuid,
    }
