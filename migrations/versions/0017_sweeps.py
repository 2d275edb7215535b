"""Sweeps: their table, the jobs that belong to them, and the webhook event of their end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: By name, the table and the columns of each index, its condition, and whether it is unique. These tables may be large.
_INDEXES = {
    "ix_jobs_sweep_id": ("jobs", ["sweep_id", "id"], "sweep_id IS NOT NULL", False),
    "ix_jobs_sweep_open": ("jobs", ["sweep_id"], "sweep_id IS NOT NULL AND finished_at IS NULL", False),
    "ix_webhook_events_sweep_id": ("webhook_events", ["sweep_id"], "sweep_id IS NOT NULL", True),
}


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock.
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("axes", sa.JSON(), nullable=False),
        sa.Column("base", sa.JSON(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=True),
        sa.Column("sheet_id", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("row_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('draft', 'running', 'finished', 'cancelled')", name=op.f("ck_sweeps_status")),
        sa.CheckConstraint(
            "(status IN ('finished', 'cancelled')) = (finished_at IS NOT NULL)", name=op.f("ck_sweeps_finished")
        ),
        sa.CheckConstraint("cells > 0 AND tries >= 0", name=op.f("ck_sweeps_numbers")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sweeps_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
        if_not_exists=True,
    )
    op.create_index("ix_sweeps_account_id", "sweeps", ["account_id", "id"], if_not_exists=True)
    op.create_index(
        "ix_sweeps_running",
        "sweeps",
        ["next_try_at"],
        postgresql_where=sa.text("status = 'running'"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_sweeps_row_expires_at",
        "sweeps",
        ["row_expires_at"],
        postgresql_where=sa.text("row_expires_at IS NOT NULL"),
        if_not_exists=True,
    )
    op.add_column("jobs", sa.Column("sweep_id", sa.Uuid(), nullable=True), if_not_exists=True)
    op.add_column("jobs", sa.Column("sweep_cell", sa.JSON(), nullable=True), if_not_exists=True)
    op.add_column("webhook_events", sa.Column("sweep_id", sa.Uuid(), nullable=True), if_not_exists=True)
    op.alter_column("webhook_events", "job_id", nullable=True)
    _check("webhook_events", "subject", "(job_id IS NULL) <> (sweep_id IS NULL)")
    _check("deletions", "subject", "subject IN ('job', 'file', 'sweep')")
    with op.get_context().autocommit_block():
        for table in ("webhook_events", "deletions"):
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_subject")
        for name, (table, columns, condition, unique) in _INDEXES.items():
            # One that a failed try left behind is not valid, so it is not kept.
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                table,
                columns,
                unique=unique,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    # Sweeps are lost, with their receipts and what was still to be sent of their ends; their jobs and contact sheets stay.
    for name, (table, *_) in _INDEXES.items():
        op.drop_index(name, table, if_exists=True)
    op.execute(
        "DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT delivery.id FROM webhook_deliveries AS delivery "
        "JOIN webhook_events AS event ON event.id = delivery.event_id WHERE event.sweep_id IS NOT NULL)"
    )
    op.execute(
        "DELETE FROM webhook_deliveries WHERE event_id IN (SELECT id FROM webhook_events WHERE sweep_id IS NOT NULL)"
    )
    op.execute("DELETE FROM webhook_events WHERE sweep_id IS NOT NULL")
    op.execute("DELETE FROM webhook_endpoints WHERE job_id IN (SELECT id FROM sweeps)")
    op.execute("DELETE FROM deletions WHERE subject = 'sweep'")
    _check("deletions", "subject", "subject IN ('job', 'file')")
    op.execute("ALTER TABLE deletions VALIDATE CONSTRAINT ck_deletions_subject")
    op.execute("ALTER TABLE webhook_events DROP CONSTRAINT IF EXISTS ck_webhook_events_subject")
    op.alter_column("webhook_events", "job_id", nullable=False)
    op.drop_column("webhook_events", "sweep_id")
    op.drop_column("jobs", "sweep_cell")
    op.drop_column("jobs", "sweep_id")
    op.drop_table("sweeps")


def _check(table: str, name: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
    # Holds for new rows at once; those that are there are read later, under a lock that stops nobody.
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition}) NOT VALID")
