"""`/metrics` of the API: what this process has counted. The queues, which no replica owns, are served by the dispatcher."""

from __future__ import annotations

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from core.metrics import API

metrics_blueprint = Blueprint("metrics", __name__)


@metrics_blueprint.get("/metrics")
def get_metrics() -> Response:
    """Everything Prometheus scrapes here."""
    return Response(generate_latest(API), content_type=CONTENT_TYPE_LATEST)
