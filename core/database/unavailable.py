"""Which errors mean that the database is away, and not that we made a mistake."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_unavailable(error: Exception) -> bool:
    """Whether the database did not answer in time or has ended the session: then another try may succeed."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    # A session that it ended because we were idle in a transaction is an "internal error" by its name.
    return isinstance(error, DBAPIError) and error.connection_invalidated
