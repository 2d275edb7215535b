"""How gunicorn serves the API: one process with many threads; scale by replicas.

One process keeps the metrics whole, and a slow reader costs a thread, not a process.
"""

from __future__ import annotations

import gc
import logging

from core.database import enforce_checkout_deadline, get_engine
from core.doorbell import get_doorbell
from core.logs import configure_logging
from core.settings import get_settings
from core.warm_up import warm_up

_settings = get_settings()

#: No request needs the database for longer; where it stands still, 503 is the better answer.
_DATABASE_SECONDS = 4.0

wsgi_app = "api.app:create_app()"
bind = "0.0.0.0:8000"  # --bind overrides it
worker_class = "gthread"
workers = 1
# A process that takes the place of one that died is forked from here, with everything imported and built: those who call
# meanwhile wait for a moment and not for seconds.
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
    # What is here by now stays as long as the process: looking through it for garbage again and again took a twentieth of
    # every submit.
    gc.collect()
    gc.freeze()


def worker_exit(_server: object, _worker: object) -> None:
    """What was answered a moment ago is rung for before we go."""
    get_doorbell().flush()


def on_starting(_server: object) -> None:
    """Send gunicorn's own few lines the way of all others."""
    configure_logging(_settings)
    logger = logging.getLogger("gunicorn.error")
    logger.handlers = []
    logger.propagate = True
