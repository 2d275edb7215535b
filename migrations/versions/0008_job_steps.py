"""The denoising steps of a job, which are counted once, when it is accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null in the rows that are there: a claim counts the steps of those as the release before did.
    op.add_column("jobs", sa.Column("steps", sa.Integer()), if_not_exists=True)


def downgrade() -> None:
    op.drop_column("jobs", "steps")
