"""Pay at the start of a process what its first job or request would pay otherwise."""

from __future__ import annotations

from core.artifacts.storage import prepare_clients
from core.doorbell import get_doorbell
from core.rehearsal import rehearse


def warm_up() -> None:
    """Connect to the database and to Redis, compile the statements, build the S3 clients. What does not answer is not
    waited for.
    """
    prepare_clients()
    get_doorbell().prepare()
    rehearse()
