"""`python -m bench.queue.noop_worker`: a rendering worker as it is deployed, except that its jobs draw nothing."""

from __future__ import annotations

from celery.signals import setup_logging

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from core.doorbell import render_queue
from core.logs import take_over_output
from core.metrics import RENDERER
from core.settings import get_settings
from core.warm_up import warm_up
from worker.__main__ import _keep_our_logging, _renderers_patience_seconds, _run_worker
from worker.celery_app import build_celery


def main() -> None:
    """Take jobs of `RENDER_POOL` until SIGTERM."""
    settings = get_settings()
    take_over_output(settings)
    setup_logging.connect(_keep_our_logging)
    app = build_celery(settings, include=["bench.queue.noop_task"])
    _run_worker(
        app,
        settings,
        queues=[render_queue(settings.render_pool)],
        threads=settings.render_concurrency,
        patience_seconds=_renderers_patience_seconds(settings),
        prepare=warm_up,
        registry=RENDERER,
    )


if __name__ == "__main__":
    main()
