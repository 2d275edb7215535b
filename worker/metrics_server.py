"""`/metrics` of a worker or dispatcher, served from the moment it consumes."""

from __future__ import annotations

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from core.settings import Settings

_log = structlog.get_logger()


def start_metrics_server(settings: Settings, registry: CollectorRegistry) -> None:
    """Serve the metrics of the registry in a thread, if a port is set (0 takes a free one, which the log shows)."""
    if settings.worker_metrics_port is None:
        return
    server, _ = start_http_server(settings.worker_metrics_port, settings.worker_metrics_host, registry=registry)
    _log.info("metrics_served", host=settings.worker_metrics_host, port=server.server_port)
