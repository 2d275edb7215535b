"""How gunicorn serves the API: one process with many threads; scale by replicas.

One process keeps the metrics whole, and a slow reader costs a thread, not a process.
"""

from __future__ import annotations

import gc
import logging

from api.return_memory import limit_heaps, start_returning_memory
from core.database import enforce_checkout_deadline, get_engine, refuse_unfit_sessions
from core.doorbell import get_doorbell
from core.logs import configure_logging
from core.settings import get_settings
from core.warm_up import warm_up

_settings = get_settings()

# Before the application is loaded and the process forked.
limit_heaps()

#: Seconds. No request needs a database connection for longer; if the database hangs, 503 is the better answer.
_DATABASE_SECONDS = 4.0

wsgi_app = "api.app:create_app()"
bind = "0.0.0.0:8000"  # --bind overrides it
worker_class = "gthread"
workers = 1
# A process that replaces one that died is forked from here, with everything imported and built, so that calls that
# arrive in between wait for a moment and not for seconds.
preload_app = True
threads = _settings.api_threads
# Seconds: longer than any request of ours, shorter than a client's patience.
timeout = 60
graceful_timeout = 10
keepalive = 5
control_socket_disable = True
accesslog = None  # our own log line says more


def post_worker_init(_worker: object) -> None:
    """Connect in the process that answers: a fork must not share connections."""
    enforce_checkout_deadline(get_engine(), _DATABASE_SECONDS)
    warm_up()
    start_returning_memory()
    # What exists by now lives as long as the process: searching it for garbage again and again took a twentieth of
    # every submit.
    gc.collect()
    gc.freeze()


def worker_exit(_server: object, _worker: object) -> None:
    """Ring for the jobs that were answered last, before the process ends."""
    get_doorbell().flush()


def on_starting(_server: object) -> None:
    """Log gunicorn's own few lines in the format of all others. Ends here, in one line, if the database cannot be used."""
    configure_logging(_settings)
    logger = logging.getLogger("gunicorn.error")
    logger.handlers = []
    logger.propagate = True
    logger.addFilter(_leave_out_quotes)
    refuse_unfit_sessions()


def _leave_out_quotes(record: logging.LogRecord) -> bool:
    """Of a request that cannot be read, gunicorn logs the line that is wrong: an address, a key, a part of a body."""
    message = record.getMessage()
    for beginning in ("Invalid request from ip=", "Error handling request"):
        if message.startswith(beginning):
            record.msg, record.args = message.partition(": ")[0].partition(" /")[0], ()
    return True
