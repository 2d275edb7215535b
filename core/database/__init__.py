"""The one database: PostgreSQL through SQLAlchemy and psycopg."""

from __future__ import annotations

from core.database.base import Table, Timestamp
from core.database.checkout_deadline import enforce_checkout_deadline
from core.database.clock import seconds_from_now
from core.database.compiled import CompiledQuery, compile_fragment
from core.database.engine import build_engine, build_migration_engine, get_engine
from core.database.fetch import execute, fetch_all, fetch_one
from core.database.read_only import find_read_only_reason
from core.database.transaction import autocommit, ping, read_with_one_retry, transaction
from core.database.unavailable import is_unavailable
from core.database.unfit_sessions import refuse_unfit_sessions

__all__ = [
    "CompiledQuery",
    "Table",
    "Timestamp",
    "autocommit",
    "build_engine",
    "build_migration_engine",
    "compile_fragment",
    "enforce_checkout_deadline",
    "execute",
    "fetch_all",
    "fetch_one",
    "find_read_only_reason",
    "get_engine",
    "is_unavailable",
    "ping",
    "read_with_one_retry",
    "refuse_unfit_sessions",
    "seconds_from_now",
    "transaction",
]
