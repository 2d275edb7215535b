"""Stock Celery: its defaults, its results in Redis, and a task that does nothing.

celery --app bench.queue.peers.stock_celery worker
"""

from __future__ import annotations

import os

from celery import Celery

BROKER_URL = "BENCH_BROKER_URL"
RESULTS_URL = "BENCH_RESULTS_URL"
TASK = "bench.do_nothing"

app = Celery("stock", broker=os.environ.get(BROKER_URL), backend=os.environ.get(RESULTS_URL))


@app.task(name=TASK)
def do_nothing() -> None:
    """The result that is stored is None."""
