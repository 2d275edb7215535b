"""The gauges of the whole service, as the database sees them at each scrape of the dispatcher.

The dispatcher is the one process that no deployment needs twice, that reads the database, and that is scraped anyway. Where
two run, for the sake of webhooks or during an upgrade, one of them leads and the other leaves these gauges out.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from core import metrics
from core.database import transaction
from core.jobs.queue.queue_figures import OLDEST_OF, QUEUED_UP_TO, read_queue_figures
from core.pools.presence import count_live
from core.redis_link.address import parse_redis_url
from core.redis_link.lead import Lead
from core.settings import Settings
from core.webhooks.claim_delivery import count_due_deliveries

_log = structlog.get_logger()

#: Webhook deliveries are counted up to here.
_COUNTED_UP_TO = 100_000


#: Seconds. A dispatcher that is not scraped for so long leads no more; Prometheus asks four times as often.
_LEAD_SECONDS = 60


def build_queue_collector(settings: Settings) -> QueueCollector:
    """The collector of this process."""
    return QueueCollector(Lead(parse_redis_url(settings.redis_url), "queue-metrics", seconds=_LEAD_SECONDS))


class QueueCollector(Collector):
    """Reads the queues whenever it is asked, if this process leads."""

    def __init__(self, lead: Lead) -> None:
        self.lead = lead

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The queues' gauges, by pool; none in a process that does not lead, and none while the database is away."""
        if not self.lead.take():
            return
        try:
            with transaction() as session:
                pools = read_queue_figures(session)
                live = count_live(session)
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
        workers = GaugeMetricFamily(metrics.WORKERS_LIVE, "Rendering workers that take jobs.", labels=["pool"])
        # A pool whose last worker has gone is what an alarm is for: it says 0.
        for name in sorted({*live, *(pool.pool for pool in pools)}):
            workers.add_metric([name], live.get(name, 0))
        yield from (depth, running, oldest, workers)
        yield GaugeMetricFamily(metrics.WEBHOOK_DELIVERIES_DUE, "Webhook deliveries due now.", value=due)
