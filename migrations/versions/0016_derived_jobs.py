"""Jobs say from which other job they were made, and workers their versions; lists find jobs by the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_NAME = "ix_jobs_origin"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("origin", postgresql.JSONB(), nullable=True), if_not_exists=True)
    # Null in the rows of workers of the release before: not known.
    op.add_column("workers", sa.Column("versions", postgresql.JSONB(), nullable=True), if_not_exists=True)
    with op.get_context().autocommit_block():
        # One that a failed try left behind is not valid, so it is not kept.
        op.drop_index(_NAME, "jobs", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            _NAME,
            "jobs",
            [sa.text("(origin ->> 'job')"), "id"],
            postgresql_where=sa.text("origin IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index(_NAME, "jobs")
    op.drop_column("workers", "versions")
    # Jobs that were made from others are plain ones from then on.
    op.drop_column("jobs", "origin")
