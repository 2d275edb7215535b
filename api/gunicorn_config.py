"""How gunicorn serves the API: one process with many threads; scale by replicas.

One process keeps the metrics whole, and a slow reader costs a thread, not a process.
"""

from __future__ import annotations

from core.logs import configure_logging
from core.settings import get_settings

_settings = get_settings()
configure_logging(_settings)

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
worker_tmp_dir = None
accesslog = None  # our own log line says more
logconfig_dict = {"version": 1, "disable_existing_loggers": False}
