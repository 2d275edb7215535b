"""The one database: PostgreSQL through SQLAlchemy and psycopg."""

from __future__ import annotations

from core.database.base import Table, Timestamp
from core.database.checkout_deadline import cut_after
from core.database.clock import seconds_from_now
from core.database.fetch import ask, ask_all
from core.database.transaction import build_engine, get_engine, look_up, ping, statements, transaction
from core.database.unavailable import is_unavailable

__all__ = [
    "Table",
    "Timestamp",
    "ask",
    "ask_all",
    "build_engine",
    "cut_after",
    "get_engine",
    "is_unavailable",
    "look_up",
    "ping",
    "seconds_from_now",
    "statements",
    "transaction",
]
