"""Retention: when images and rows expire, receipts of deletions, and no foreign keys that would search whole tables for
each pruned row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: Table, column, and the table that it named; and whether that is looked at only at the commit.
_FOREIGN_KEYS = [
    ("jobs", "current_attempt_id", "job_attempts", True),
    ("artifacts", "attempt_id", "job_attempts", False),
    ("usage_records", "job_id", "jobs", False),
    ("idempotency_keys", "job_id", "jobs", True),
]

#: By name, the table, column and condition of each index on a table that may be large.
_INDEXES = {
    "ix_jobs_expires_at": ("jobs", "expires_at", "expires_at is not null and expired_at is null"),
    "ix_jobs_expired_at": ("jobs", "expired_at", "expired_at is not null and objects_deleted_at is null"),
    "ix_jobs_row_expires_at": (
        "jobs",
        "row_expires_at",
        "row_expires_at is not null and objects_deleted_at is not null",
    ),
    "ix_idempotency_keys_created_at": ("idempotency_keys", "created_at", None),
}

_MOMENTS = ("row_expires_at", "expired_at", "objects_deleted_at", "deleted_at")
_KEPT = "finished_at is not null or (expired_at is null and deleted_at is null)"


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock; no table is rewritten.
    for name in ("artifact_retention_seconds", "job_retention_seconds"):
        _add("accounts", sa.Column(name, sa.Integer(), nullable=True))
        op.execute(f"ALTER TABLE accounts DROP CONSTRAINT IF EXISTS ck_accounts_{name}")
        op.create_check_constraint(op.f(f"ck_accounts_{name}"), "accounts", f"{name} >= 0")
    _add("artifacts", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    _add("jobs", sa.Column("retention_seconds", sa.Integer(), nullable=True))
    for name in _MOMENTS:
        _add("jobs", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute("ALTER TABLE jobs DROP CONSTRAINT IF EXISTS ck_jobs_kept")
    op.execute(f"ALTER TABLE jobs ADD CONSTRAINT ck_jobs_kept CHECK ({_KEPT}) NOT VALID")
    for table, column, _, _ in _FOREIGN_KEYS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS fk_{table}_{column}")
    _create_tables()
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE jobs VALIDATE CONSTRAINT ck_jobs_kept")
        for name, (table, column, condition) in _INDEXES.items():
            # One that a failed try left behind is not valid, so it is not kept.
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            where = None if condition is None else sa.text(condition)
            op.create_index(name, table, [column], unique=False, postgresql_where=where, postgresql_concurrently=True)
        op.drop_index("ix_idempotency_keys_job_id", "idempotency_keys", if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    op.create_index("ix_idempotency_keys_job_id", "idempotency_keys", ["job_id"])
    for name, (table, _, _) in _INDEXES.items():
        op.drop_index(name, table)
    op.drop_table("deletions")
    op.drop_table("job_sources")
    # Keys and usage of jobs that are gone: the release before cannot answer a retry with such a key.
    op.execute("DELETE FROM idempotency_keys k WHERE NOT EXISTS (SELECT FROM jobs j WHERE j.id = k.job_id)")
    for table, column, target, is_deferred in _FOREIGN_KEYS:
        deferred = " DEFERRABLE INITIALLY DEFERRED" if is_deferred else ""
        # Not checked against old rows: usage outlives its job.
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT fk_{table}_{column} FOREIGN KEY ({column}) REFERENCES {target} (id)"
            f"{deferred} NOT VALID"
        )
    op.drop_constraint(op.f("ck_jobs_kept"), "jobs", type_="check")
    for name in ("retention_seconds", *_MOMENTS):
        op.drop_column("jobs", name)
    op.drop_column("artifacts", "deleted_at")
    for name in ("artifact_retention_seconds", "job_retention_seconds"):
        op.drop_column("accounts", name)


def _create_tables() -> None:
    op.create_table(
        "job_sources",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("source_job_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_job_sources_account_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_sources_job_id")),
        sa.PrimaryKeyConstraint("job_id", "source_job_id", name=op.f("pk_job_sources")),
        if_not_exists=True,
    )
    op.create_index("ix_job_sources_source_job_id", "job_sources", ["source_job_id"], if_not_exists=True)
    op.create_table(
        "deletions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("api_key_id", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("objects", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_deletions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletions")),
        sa.UniqueConstraint("job_id", name=op.f("uq_deletions_job_id")),
        if_not_exists=True,
    )
    for name, columns, condition in (
        ("ix_deletions_account_id_id", ["account_id", "id"], None),
        ("ix_deletions_pending", ["requested_at"], "completed_at is null"),
        ("ix_deletions_unswept", ["completed_at"], "swept_at is null"),
    ):
        where = None if condition is None else sa.text(condition)
        op.create_index(name, "deletions", columns, unique=False, postgresql_where=where, if_not_exists=True)


def _add(table: str, column: sa.Column[object]) -> None:
    op.add_column(table, column, if_not_exists=True)
