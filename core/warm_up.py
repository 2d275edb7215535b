"""Pay at the start of a process what its first job or request would pay otherwise."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.artifacts.storage import prepare_clients
from core.database import get_engine
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.pictures.decoders.decode_outside import get_decoders
from core.prompts.lexicon import get_lexicon
from core.settings import get_settings
from core.warm_up_statements import warm_up_statements

_log = structlog.get_logger()


def warm_up() -> None:
    """Warm up a process that submits or renders jobs: its connections, the statements of a job, and the lexicon of prompts."""
    warm_up_connections()
    get_lexicon()
    warm_up_statements()


def warm_up_connections() -> None:
    """Connect to the database and to Redis, build the S3 clients, start a decoder of pictures. What does not answer is not
    waited for. No models file is needed.
    """
    get_decoders().start_one()
    prepare_clients()
    # A superfluous ring finds nothing to claim, and the first real one finds the connection and the queue ready.
    get_doorbell().ring(render_queue(get_settings().render_pool), RENDER_NEXT)
    try:
        get_engine().connect().close()
    except SQLAlchemyError as error:
        _log.warning("database_not_connected", error=str(error))
