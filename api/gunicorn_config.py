"""How gunicorn serves the API: one process with many threads; scale by replicas.

One process keeps the metrics whole, and a slow reader costs a thread, not a process.
"""

from __future__ import annotations

import gc
import logging
import sys
from typing import Any

from gunicorn.glogging import Logger

from api.return_memory import limit_heaps, start_returning_memory
from api.server.open_files import allow_connections
from api.server.strict_body import read_strictly
from core.catalog import get_catalog
from core.command_line import run_command_line
from core.database import enforce_checkout_deadline, get_engine, refuse_unfit_sessions
from core.doorbell import get_doorbell
from core.live_events.sender import get_event_sender
from core.logs import take_over_output
from core.settings import get_settings
from core.warm_up import warm_up

_settings = get_settings()
take_over_output(_settings)
# What is wrong with the models file is one line here, and a traceback where gunicorn loads the application.
run_command_line("darkroom", get_catalog)

# Before the application is loaded and the process forked.
limit_heaps()

# Seconds that a thread computes while another one waits for the interpreter, instead of 0.005: those that only pass a request on
# need it some ten times for each, and beside large bodies each time costs this much.
sys.setswitchinterval(0.001)

#: Connections that are kept between their requests, beside those that threads are answering. They take no thread.
_IDLE_CONNECTIONS = 1_000

#: Seconds. No request needs a database connection for longer; if the database hangs, 503 is the better answer.
_DATABASE_SECONDS = 4.0

wsgi_app = "api.app:create_app()"
bind = "0.0.0.0:8000"  # --bind overrides it
worker_class = "api.server.worker.ServerWorker"
workers = 1
# A process that replaces one that died is forked from here, with everything imported and built, so that calls that
# arrive in between wait for a moment and not for seconds.
preload_app = True
threads = _settings.api_threads
# Seconds: longer than any request of ours, shorter than a client's patience.
timeout = 60
graceful_timeout = 10
keepalive = _settings.api_keepalive_seconds
# At the least one more than threads: gunicorn keeps as many idle as there are more.
# Requests that wait count as connections; streams do not, and each takes a file all the same.
_wanted = threads + _IDLE_CONNECTIONS + _settings.api_max_waits
worker_connections = max(
    # If the system permits fewer files, requests and streams share them as they would have shared all.
    allow_connections(_wanted + _settings.api_max_streams) * _wanted // (_wanted + _settings.api_max_streams),
    threads + 1,
)
# Nobody in front of the API decides what its address is (api/own_address.py), not even from this machine or over a Unix
# socket: no SCRIPT_NAME, no X-Forwarded-Proto.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
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


def pre_request(_worker: object, request: Any) -> None:
    """Bodies that are malformed or cut short end quietly."""
    read_strictly(request)


def worker_exit(_server: object, _worker: object) -> None:
    """Ring for the jobs that were answered last, and send their news, before the process ends."""
    get_doorbell().flush()
    get_event_sender().flush()


def on_starting(_server: object) -> None:
    """Ends here, in one line, if the database cannot be used."""
    refuse_unfit_sessions()


class logger_class(Logger):  # noqa: N801  (the name of gunicorn's setting)
    """Gunicorn's own few lines, in the format of all others."""

    def setup(self, cfg: object) -> None:
        """Leave the writing to our handlers, from the first line on."""
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True
        self.error_log.addFilter(_leave_out_quotes)


def _leave_out_quotes(record: logging.LogRecord) -> bool:
    """Of a request that cannot be read, gunicorn logs the line that is wrong: an address, a key, a part of a body."""
    message = record.getMessage()
    for beginning in ("Invalid request from ip=", "Error handling request"):
        if message.startswith(beginning):
            record.msg, record.args = message.partition(": ")[0].partition(" /")[0], ()
    return True
