"""A job keeps the report of its prompts: what they name, how they were read, and advice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("prompt_report", postgresql.JSONB()), if_not_exists=True)


def downgrade() -> None:
    # Reports are lost; nothing else depends on them.
    op.drop_column("jobs", "prompt_report")
