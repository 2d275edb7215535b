"""Rows for the images that jobs start from: a second kind of artifact, which no attempt made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Each step can be run again where a later one could not get its lock.
    op.alter_column("artifacts", "attempt_id", existing_type=sa.Uuid(), nullable=True)
    _replace_check("kind", "kind in ('output', 'input')")
    _replace_check("attempt", "(kind = 'output') = (attempt_id is not null)")
    _validate("kind", "attempt")


def downgrade() -> None:
    # The release before has no place for inputs. Their objects are left for the operator, as `darkroom-admin verify` says.
    op.execute("DELETE FROM artifacts WHERE kind = 'input'")
    _replace_check("kind", "kind in ('output')")
    _replace_check("attempt", "attempt_id is not null")
    _validate("kind", "attempt")
    # PostgreSQL takes the validated check for a proof and does not read the table under the lock.
    op.alter_column("artifacts", "attempt_id", existing_type=sa.Uuid(), nullable=False)
    op.drop_constraint(op.f("ck_artifacts_attempt"), "artifacts", type_="check")


def _replace_check(name: str, condition: str) -> None:
    op.execute(f"ALTER TABLE artifacts DROP CONSTRAINT IF EXISTS ck_artifacts_{name}")
    # Holds for new rows at once; those that are there are read later, under a lock that stops nobody.
    op.execute(f"ALTER TABLE artifacts ADD CONSTRAINT ck_artifacts_{name} CHECK ({condition}) NOT VALID")


def _validate(*names: str) -> None:
    with op.get_context().autocommit_block():
        for name in names:
            op.execute(f"ALTER TABLE artifacts VALIDATE CONSTRAINT ck_artifacts_{name}")
