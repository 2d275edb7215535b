"""Images that a model's content filter withheld, and jobs that fail because it withheld all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CODES = [
    *("invalid_request", "model_unavailable", "out_of_memory", "non_finite", "storage_unavailable", "lease_expired"),
    *("start_deadline_exceeded", "deadline_exceeded", "internal"),
]


def upgrade() -> None:
    # Null in the rows that are there, and in those of the release before: nothing was withheld, as far as it is known.
    op.add_column("jobs", sa.Column("filtered_images", postgresql.JSONB()), if_not_exists=True)
    _allow([*_CODES, "content_filtered"])
    op.execute("ALTER TABLE jobs DROP CONSTRAINT IF EXISTS ck_jobs_filtered_images")
    op.execute(
        "ALTER TABLE jobs ADD CONSTRAINT ck_jobs_filtered_images "
        "CHECK (filtered_images IS NULL OR status = 'succeeded') NOT VALID"
    )
    with op.get_context().autocommit_block():
        for name in ("failure_code", "filtered_images"):
            op.execute(f"ALTER TABLE jobs VALIDATE CONSTRAINT ck_jobs_{name}")


def downgrade() -> None:
    # Which images were withheld is lost: such a job shows the others alone.
    op.drop_column("jobs", "filtered_images")
    op.execute("UPDATE jobs SET failure_code = 'internal' WHERE failure_code = 'content_filtered'")
    _allow(_CODES)
    op.execute("ALTER TABLE jobs VALIDATE CONSTRAINT ck_jobs_failure_code")


def _allow(codes: list[str]) -> None:
    op.execute("ALTER TABLE jobs DROP CONSTRAINT IF EXISTS ck_jobs_failure_code")
    # Holds for new rows at once; those that are there are read later, under a lock that stops nobody.
    listed = ", ".join(repr(code) for code in codes)
    op.execute(f"ALTER TABLE jobs ADD CONSTRAINT ck_jobs_failure_code CHECK (failure_code IN ({listed})) NOT VALID")
