"""The gauges of the whole service, as the database sees them at each scrape of a dispatcher."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from core import metrics
from core.database import transaction
from core.jobs.queue.queue_figures import OLDEST_OF, QUEUED_UP_TO, read_queue_figures
from core.webhooks.claim_delivery import count_due_deliveries

_log = structlog.get_logger()

#: Webhook deliveries are counted up to here.
_COUNTED_UP_TO = 100_000


class QueueCollector(Collector):
    """Reads the queues whenever it is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The queues' gauges, by pool; none while the database is away."""
        try:
            with transaction() as session:
                pools = read_queue_figures(session)
                due = count_due_deliveries(session, at_most=_COUNTED_UP_TO)
        except SQLAlchemyError as error:
            # The process's own counters are wanted most while the database is away.
            _log.warning("queues_not_counted", error=str(error))
            return
        depth = GaugeMetricFamily(metrics.QUEUE_DEPTH, f"Jobs queued, counted up to {QUEUED_UP_TO}.", labels=["pool"])
        running = GaugeMetricFamily(metrics.JOBS_RUNNING, "Jobs running.", labels=["pool"])
        oldest = GaugeMetricFamily(
            metrics.QUEUE_OLDEST_WAIT_SECONDS,
            f"Seconds that the oldest of the next {OLDEST_OF} queued jobs has waited.",
            labels=["pool"],
        )
        for pool in pools:
            depth.add_metric([pool.pool], pool.queued)
            running.add_metric([pool.pool], pool.running)
            oldest.add_metric([pool.pool], pool.oldest_wait_seconds)
        yield from (depth, running, oldest)
        yield GaugeMetricFamily(metrics.WEBHOOK_DELIVERIES_DUE, "Webhook deliveries due now.", value=due)
