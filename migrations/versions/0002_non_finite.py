"""A job may fail because its model's numbers got out of hand."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CODES = ["invalid_request", "model_unavailable", "out_of_memory", "storage_unavailable", "lease_expired", "internal"]


def upgrade() -> None:
    _allow([*_CODES[:3], "non_finite", *_CODES[3:]])


def downgrade() -> None:
    op.execute("update jobs set failure_code = 'internal' where failure_code = 'non_finite'")
    _allow(_CODES)


def _allow(codes: list[str]) -> None:
    op.drop_constraint(op.f("ck_jobs_failure_code"), "jobs")
    # Not checked against old rows, all of which obey the older rule: the table is locked for a moment only.
    listed = ", ".join(repr(code) for code in codes)
    op.execute(f"alter table jobs add constraint ck_jobs_failure_code check (failure_code in ({listed})) not valid")
    op.execute("alter table jobs validate constraint ck_jobs_failure_code")
