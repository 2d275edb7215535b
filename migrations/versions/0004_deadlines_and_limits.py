"""Priorities with clocks of their own, deadlines of jobs, and limits of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_CODES = [
    *("invalid_request", "model_unavailable", "out_of_memory", "non_finite", "storage_unavailable", "lease_expired"),
    "internal",
]
_NEW_CODES = ["start_deadline_exceeded", "deadline_exceeded"]

#: By name, the columns of each index on jobs and its condition.
_INDEXES = {
    "ix_jobs_start_deadline_at": (
        ["start_deadline_at"],
        "status = 'queued' and started_at is null and start_deadline_at is not null",
    ),
    "ix_jobs_deadline_at": (["deadline_at"], "finished_at is null and deadline_at is not null"),
    "ix_jobs_held": (["account_id", "priority", "fair_position", "id"], "status = 'queued' and priority >= 10"),
}


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock; no table is rewritten.
    for name in ("start_deadline_at", "deadline_at"):
        _add("jobs", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in ("max_queued_jobs", "max_running_jobs"):
        _add("accounts", sa.Column(name, sa.Integer(), nullable=True))
        op.execute(f"ALTER TABLE accounts DROP CONSTRAINT IF EXISTS ck_accounts_{name}")
        op.create_check_constraint(op.f(f"ck_accounts_{name}"), "accounts", f"{name} > 0")
    for priority in ("high", "low"):
        _add("pool_clocks", sa.Column(f"virtual_time_{priority}", sa.Double(), server_default="0", nullable=False))
        _add("account_clocks", sa.Column(f"virtual_finish_{priority}", sa.Double(), server_default="0", nullable=False))
    op.create_table(
        "account_queues",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("room", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_queues_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_queues")),
        if_not_exists=True,
    )
    _allow([*_CODES, *_NEW_CODES])
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE jobs VALIDATE CONSTRAINT ck_jobs_failure_code")
        for name, (columns, condition) in _INDEXES.items():
            # One that a failed try left behind is not valid, so it is not kept.
            op.drop_index(name, "jobs", if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name, "jobs", columns, unique=False, postgresql_where=sa.text(condition), postgresql_concurrently=True
            )


def downgrade() -> None:
    op.execute("UPDATE jobs SET priority = priority - 10 WHERE status = 'queued' AND priority >= 10")
    op.execute("UPDATE jobs SET failure_code = 'internal' WHERE failure_code LIKE '%deadline_exceeded'")
    _allow(_CODES)
    op.execute("ALTER TABLE jobs VALIDATE CONSTRAINT ck_jobs_failure_code")
    for name in _INDEXES:
        op.drop_index(name, "jobs")
    op.drop_table("account_queues")
    for priority in ("high", "low"):
        op.drop_column("account_clocks", f"virtual_finish_{priority}")
        op.drop_column("pool_clocks", f"virtual_time_{priority}")
    for name in ("max_queued_jobs", "max_running_jobs"):
        op.drop_column("accounts", name)
    for name in ("start_deadline_at", "deadline_at"):
        op.drop_column("jobs", name)


def _add(table: str, column: sa.Column[object]) -> None:
    op.add_column(table, column, if_not_exists=True)


def _allow(codes: list[str]) -> None:
    op.execute("ALTER TABLE jobs DROP CONSTRAINT IF EXISTS ck_jobs_failure_code")
    # Holds for new rows at once; those that are there are read later, under a lock that stops nobody.
    listed = ", ".join(repr(code) for code in codes)
    op.execute(f"ALTER TABLE jobs ADD CONSTRAINT ck_jobs_failure_code CHECK (failure_code IN ({listed})) NOT VALID")
