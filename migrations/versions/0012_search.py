"""An index by which finished jobs are found: by their metadata, and by the words of their prompts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NAME = "ix_jobs_search"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that a failed try left behind is not valid, so it is not kept.
        op.drop_index(_NAME, "jobs", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            _NAME,
            "jobs",
            [
                sa.text("(metadata::jsonb) jsonb_path_ops"),
                sa.text("to_tsvector('simple'::regconfig, request ->> 'prompt')"),
            ],
            postgresql_using="gin",
            postgresql_where=sa.text("finished_at IS NOT NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index(_NAME, "jobs")
