"""A PgBouncer before the database, which tests and benches run from the one that is installed on the machine."""

from __future__ import annotations

from infra.pooler.pgbouncer import PgBouncerMissing, find_pgbouncer, run_pgbouncer

__all__ = ["PgBouncerMissing", "find_pgbouncer", "run_pgbouncer"]
