"""Which workers are there, what is paused, and where a job that is tried again resumes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("models", postgresql.JSONB(), nullable=False),
        sa.Column("loaded", postgresql.JSONB(), nullable=False),
        sa.Column("loading", postgresql.JSONB(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("is_draining", sa.Boolean(), nullable=False),
        sa.Column("speeds", postgresql.JSONB(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
        postgresql_with={"fillfactor": 50},
        if_not_exists=True,
    )
    op.create_table(
        "pauses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pauses"),
        sa.UniqueConstraint("pool", "model", name="uq_pauses_pool_model", postgresql_nulls_not_distinct=True),
        if_not_exists=True,
    )
    # Null in the rows that are there, and in those of the release before: not paused, and nothing to resume from.
    op.add_column("accounts", sa.Column("paused_at", sa.DateTime(timezone=True)), if_not_exists=True)
    op.add_column(
        "accounts",
        sa.Column("puts_back_running", sa.Boolean(), server_default="false", nullable=False),
        if_not_exists=True,
    )
    op.add_column("jobs", sa.Column("resume_step", sa.Integer()), if_not_exists=True)
    op.add_column("jobs", sa.Column("earlier_ms", sa.Integer()), if_not_exists=True)


def downgrade() -> None:
    op.drop_column("jobs", "earlier_ms")
    op.drop_column("jobs", "resume_step")
    op.drop_column("accounts", "puts_back_running")
    op.drop_column("accounts", "paused_at")
    op.drop_table("pauses")
    op.drop_table("workers")
