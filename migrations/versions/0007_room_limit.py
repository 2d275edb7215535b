"""The limit that an account's room was counted under: with another limit it is counted again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No account has this limit, so the first submit of each counts.
    op.add_column(
        "account_queues",
        sa.Column("room_limit", sa.Integer(), server_default="0", nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_column("account_queues", "room_limit")
