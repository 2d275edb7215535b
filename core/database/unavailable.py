"""Which errors mean that the database is away, and not that we made a mistake."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

#: SQLAlchemy's name for a statement in a transaction whose session has been thrown away. A PendingRollbackError after a
#: mistake has another one.
_SESSION_IS_GONE = "8s2b"


def is_unavailable(error: Exception) -> bool:
    """Whether the database did not answer in time, has ended the session or takes no writes: then another try may succeed."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    if isinstance(error, PendingRollbackError):
        return error.code == _SESSION_IS_GONE
    # "Internal errors" by their names: a session that was ended because we were idle in a transaction, and one that is
    # read-only (read_only.py).
    return isinstance(error, DBAPIError) and error.connection_invalidated
