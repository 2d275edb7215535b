"""An attempt names the checkpoint that its render can resume from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nullable and without a default: nothing is rewritten, and the release before does not notice.
    op.add_column("job_attempts", sa.Column("checkpoint", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    # The objects are left for the operator, as `darkroom-admin verify` says.
    op.drop_column("job_attempts", "checkpoint")
