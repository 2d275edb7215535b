"""Files that are sent by themselves, and pictures that jobs name by address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

#: By name, the columns of each index on artifacts, its condition, and whether it is unique.
_INDEXES = {
    "ix_artifacts_files": (["account_id", "id"], "kind = 'file'", False),
    "ix_artifacts_sent": (["account_id", "sent_sha256"], "kind = 'file' and deleted_at is null", True),
    "ix_artifacts_file_expires_at": (
        ["expires_at"],
        "kind = 'file' and deleted_at is null and expires_at is not null",
        False,
    ),
    "ix_artifacts_file_deleted_at": (["deleted_at"], "kind = 'file' and deleted_at is not null", False),
}

_CODES = [
    *("invalid_request", "model_unavailable", "out_of_memory", "non_finite", "content_filtered", "storage_unavailable"),
    *("lease_expired", "start_deadline_exceeded", "deadline_exceeded", "internal"),
]


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock. No row of the release before is a file.
    for column in (
        sa.Column("object_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_sha256", sa.String(), nullable=True),
        sa.Column("sent_byte_size", sa.BigInteger(), nullable=True),
        sa.Column("warnings", postgresql.JSONB(), nullable=True),
    ):
        op.add_column("artifacts", column, if_not_exists=True)
    op.alter_column("artifacts", "job_id", nullable=True)
    _check("artifacts", "kind", "kind IN ('output', 'input', 'file')")
    _check("artifacts", "job", "(kind = 'file') = (job_id IS NULL)")
    op.create_table(
        "input_fetches",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_input_fetches_account_id")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_input_fetches")),
        if_not_exists=True,
    )
    op.create_index(op.f("ix_input_fetches_next_try_at"), "input_fetches", ["next_try_at"], if_not_exists=True)
    op.add_column(
        "deletions", sa.Column("subject", sa.String(), server_default="job", nullable=False), if_not_exists=True
    )
    _check("deletions", "subject", "subject IN ('job', 'file')")
    _allow([*_CODES, "picture_not_fetched"])
    with op.get_context().autocommit_block():
        for table, name in (
            ("artifacts", "kind"),
            ("artifacts", "job"),
            ("deletions", "subject"),
            ("jobs", "failure_code"),
        ):
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
        for name, (columns, condition, is_unique) in _INDEXES.items():
            # One that a failed try left behind is not valid, so it is not kept.
            op.drop_index(name, "artifacts", if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                "artifacts",
                columns,
                unique=is_unique,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    # Files are lost, with their receipts; their objects stay in the bucket. Jobs whose pictures were not fetched yet fail.
    for name in _INDEXES:
        op.drop_index(name, "artifacts", if_exists=True)
    op.execute("DELETE FROM artifacts WHERE kind = 'file'")
    op.execute("DELETE FROM deletions WHERE subject = 'file'")
    op.drop_column("deletions", "subject")
    op.execute("ALTER TABLE artifacts DROP CONSTRAINT IF EXISTS ck_artifacts_job")
    _check("artifacts", "kind", "kind IN ('output', 'input')")
    op.execute("ALTER TABLE artifacts VALIDATE CONSTRAINT ck_artifacts_kind")
    op.alter_column("artifacts", "job_id", nullable=False)
    for name in ("warnings", "sent_byte_size", "sent_sha256", "object_deleted_at"):
        op.drop_column("artifacts", name)
    op.execute(
        "UPDATE jobs SET status = 'failed', failure_code = 'internal', failure_message = 'Its pictures were not fetched.', "
        "finished_at = now() WHERE status = 'queued' AND id IN (SELECT job_id FROM input_fetches)"
    )
    op.drop_table("input_fetches")
    op.execute("UPDATE jobs SET failure_code = 'internal' WHERE failure_code = 'picture_not_fetched'")
    _allow(_CODES)
    op.execute("ALTER TABLE jobs VALIDATE CONSTRAINT ck_jobs_failure_code")


def _allow(codes: list[str]) -> None:
    _check("jobs", "failure_code", f"failure_code IN ({', '.join(repr(code) for code in codes)})")


def _check(table: str, name: str, condition: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{name}")
    # Holds for new rows at once; those that are there are read later, under a lock that stops nobody.
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition}) NOT VALID")
