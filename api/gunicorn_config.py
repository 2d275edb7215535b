"""How gunicorn serves the API: one process with many threads; scale by replicas.

One process keeps the metrics whole, and a slow reader costs a thread, not a process.
"""

from __future__ import annotations

import logging

from core.logs import configure_logging
from core.settings import get_settings

_settings = get_settings()

wsgi_app = "api.app:create_app()"
bind = "0.0.0.0:8000"  # --bind overrides it
worker_class = "gthread"
workers = 1
threads = _settings.api_threads
# Seconds: longer than any request of ours, shorter than a client's patience.
timeout = 60
graceful_timeout = 10
keepalive = 5
control_socket_disable = True
accesslog = None  # our own log line says more


def on_starting(_server: object) -> None:
    """Send gunicorn's own few lines the way of all others."""
    configure_logging(_settings)
    logger = logging.getLogger("gunicorn.error")
    logger.handlers = []
    logger.propagate = True
