"""Which errors of the database are its being away, and not a mistake of ours."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


def is_unavailable(error: Exception) -> bool:
    """Whether the database did not answer in time or has ended the session: the same again may well succeed."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    # A session that it ended while we stood still in a transaction is an "internal error" by its name.
    return isinstance(error, DBAPIError) and error.connection_invalidated
