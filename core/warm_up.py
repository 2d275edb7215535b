"""Pay at the start of a process what its first job or request would pay otherwise."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.artifacts.storage import prepare_clients
from core.database import ping
from core.doorbell import get_doorbell

_log = structlog.get_logger()


def warm_up() -> None:
    """Connect to the database and to Redis and build the S3 clients. What does not answer is not waited for."""
    prepare_clients()
    get_doorbell().prepare()
    try:
        ping()
    except SQLAlchemyError as error:
        _log.warning("database_not_connected", error=str(error))
