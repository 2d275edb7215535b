"""Jobs that clients of other systems send: webhooks in the words of those, and calls that they repeat without a key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock. Null in the rows that are there: in our words.
    op.add_column("webhook_endpoints", sa.Column("shape", sa.String()), if_not_exists=True)
    op.create_table(
        "batch_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_batch_files_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_files")),
        if_not_exists=True,
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("submitted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_batches_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        if_not_exists=True,
    )
    for table in ("batch_files", "batches"):
        op.create_index(f"ix_{table}_account_id_id", table, ["account_id", "id"], if_not_exists=True)
        op.create_index(f"ix_{table}_created_at", table, ["created_at"], if_not_exists=True)
    with op.get_context().autocommit_block():
        # One that a failed try left behind is not valid, so it is not kept.
        op.drop_index("ix_idempotency_keys_calls", "idempotency_keys", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            "ix_idempotency_keys_calls",
            "idempotency_keys",
            ["account_id", "request_sha256"],
            postgresql_where=sa.text("key like 'call %'"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    # Webhooks that wait are sent in our words; calls are not repeated any more, so they are forgotten.
    op.drop_index("ix_idempotency_keys_calls", "idempotency_keys", if_exists=True)
    op.execute("DELETE FROM idempotency_keys WHERE key LIKE 'call %'")
    op.drop_column("webhook_endpoints", "shape")
    # The jobs of batches stay.
    op.drop_table("batches")
    op.drop_table("batch_files")
