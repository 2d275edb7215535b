"""Jobs that clients of other systems send: webhooks in the words of those, and calls that they repeat without a key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock. Null in the rows that are there: in our words.
    op.add_column("webhook_endpoints", sa.Column("shape", sa.String()), if_not_exists=True)
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
