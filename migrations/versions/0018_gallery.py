"""What the page shows: favourites and boards, how long jobs waited, and deliveries that somebody sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

#: By name, the table and the columns of each index, its condition, and its kind. These tables may be large.
_INDEXES = {
    "ix_artifacts_outputs": ("artifacts", ["account_id", "id"], "kind = 'output' AND deleted_at IS NULL", "btree"),
    "ix_artifacts_favourites": (
        "artifacts",
        ["account_id", "id"],
        "favourite_at IS NOT NULL AND deleted_at IS NULL",
        "btree",
    ),
    "ix_usage_records_created_at": ("usage_records", ["created_at"], None, "brin"),
    "ix_webhook_deliveries_account_id": ("webhook_deliveries", ["account_id", "id"], None, "btree"),
}


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock.
    op.create_table(
        "boards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_boards_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boards")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_boards_account_id_name")),
        if_not_exists=True,
    )
    op.create_table(
        "board_outputs",
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("artifact_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["board_id"], ["boards.id"], name=op.f("fk_board_outputs_board_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], name=op.f("fk_board_outputs_artifact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_board_outputs_account_id")),
        sa.PrimaryKeyConstraint("board_id", "artifact_id", name=op.f("pk_board_outputs")),
        if_not_exists=True,
    )
    op.create_index("ix_board_outputs_artifact_id", "board_outputs", ["artifact_id"], if_not_exists=True)
    op.create_index("ix_board_outputs_account_id", "board_outputs", ["account_id", "artifact_id"], if_not_exists=True)
    # Null in the rows that are there, and in those of the release before: no favourite, not measured, on schedule.
    op.add_column("artifacts", sa.Column("favourite_at", sa.DateTime(timezone=True)), if_not_exists=True)
    op.add_column("usage_records", sa.Column("wait_seconds", sa.Float()), if_not_exists=True)
    op.add_column("webhook_deliveries", sa.Column("next_trigger", sa.String()), if_not_exists=True)
    op.add_column("webhook_attempts", sa.Column("trigger", sa.String()), if_not_exists=True)
    with op.get_context().autocommit_block():
        for name, (table, columns, condition, kind) in _INDEXES.items():
            # One that a failed try left behind is not valid, so it is not kept.
            op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name,
                table,
                columns,
                postgresql_where=None if condition is None else sa.text(condition),
                postgresql_using=kind,
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    # Favourites and boards are lost; the outputs stay.
    for name, (table, *_) in _INDEXES.items():
        op.drop_index(name, table, if_exists=True)
    op.drop_column("webhook_attempts", "trigger")
    op.drop_column("webhook_deliveries", "next_trigger")
    op.drop_column("usage_records", "wait_seconds")
    op.drop_column("artifacts", "favourite_at")
    op.drop_table("board_outputs")
    op.drop_table("boards")
