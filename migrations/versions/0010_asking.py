"""Webhooks of single jobs, jobs whose content is not kept, and ids that clients give their jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook_endpoints", sa.Column("job_id", sa.Uuid()), if_not_exists=True)
    op.add_column("webhook_endpoints", sa.Column("events", postgresql.JSONB()), if_not_exists=True)
    op.create_table(
        "webhook_secrets",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_webhook_secrets_account_id_accounts"),
        sa.PrimaryKeyConstraint("account_id", name="pk_webhook_secrets"),
        if_not_exists=True,
    )
    # Null in the rows that are there, and in those of the release before: they are kept like any other.
    op.add_column("jobs", sa.Column("store", sa.Boolean()), if_not_exists=True)
    op.add_column("jobs", sa.Column("forgotten_at", sa.DateTime(timezone=True)), if_not_exists=True)
    with op.get_context().autocommit_block():
        for name, table, column, where in _INDEXES:
            op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name, table, [column], postgresql_where=sa.text(where), postgresql_concurrently=True)


def downgrade() -> None:
    for name, table, _, _ in _INDEXES:
        op.drop_index(name, table_name=table, if_exists=True)
    # What was still to be sent to the webhooks of single jobs is sent all the same: their rows stay, as those of deleted
    # endpoints. Jobs whose content was not to be kept are kept until their images expire, and ids of clients lead nowhere.
    op.execute("DELETE FROM idempotency_keys WHERE key LIKE 'id %'")
    op.drop_column("jobs", "forgotten_at")
    op.drop_column("jobs", "store")
    op.drop_table("webhook_secrets")
    op.drop_column("webhook_endpoints", "events")
    op.drop_column("webhook_endpoints", "job_id")


_INDEXES = [
    ("ix_webhook_endpoints_job_id", "webhook_endpoints", "job_id", "job_id is not null"),
    ("ix_jobs_unforgotten", "jobs", "id", "not store and forgotten_at is null"),
    ("ix_idempotency_keys_client_id", "idempotency_keys", "job_id", "key like 'id %'"),
]
