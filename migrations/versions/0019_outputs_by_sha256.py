"""A picture is found by its bytes: outputs of an account by their sha256."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NAME = "ix_artifacts_sha256"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # One that a failed try left behind is not valid, so it is not kept.
        op.drop_index(_NAME, "artifacts", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            _NAME,
            "artifacts",
            ["account_id", "sha256"],
            postgresql_where=sa.text("kind = 'output' AND deleted_at IS NULL"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    op.drop_index(_NAME, "artifacts", if_exists=True)
