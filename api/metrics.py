"""`/metrics` of the API: what this process has counted. The queues, which no replica owns, are served by the dispatcher."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.metrics import API

metrics_blueprint = Blueprint("metrics", __name__)


# Exactly this path, which proxies in front block.
@metrics_blueprint.get("/metrics", strict_slashes=True)
def get_metrics() -> Response:
    """Everything Prometheus scrapes here."""
    return Response(generate_latest(API), content_type=CONTENT_TYPE_LATEST)
