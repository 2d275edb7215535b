"""Styles: those of accounts, and what a job was rendered with by its style."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_INDEX = "ix_jobs_style"


def upgrade() -> None:
    op.create_table(
        "own_styles",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_own_styles_account_id_accounts"),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_own_styles"),
        if_not_exists=True,
    )
    # Null in the rows that are there, and in those of the release before: they have no style.
    op.add_column("jobs", sa.Column("style", sa.String()), if_not_exists=True)
    op.add_column("jobs", sa.Column("rendered_prompts", sa.JSON()), if_not_exists=True)
    with op.get_context().autocommit_block():
        op.drop_index(_INDEX, table_name="jobs", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            _INDEX,
            "jobs",
            ["account_id", "style", "id"],
            postgresql_where=sa.text("style is not null"),
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    # Jobs that wait are rendered without their styles, and the styles of accounts are lost.
    op.drop_index(_INDEX, table_name="jobs", if_exists=True)
    op.drop_column("jobs", "rendered_prompts")
    op.drop_column("jobs", "style")
    op.drop_table("own_styles")
