"""The Celery side of a worker: one app, with the settings that the design depends on."""

from __future__ import annotations

from celery import Celery

from core.doorbell import APPLY_RETENTION, DELETE_ORPHANS, MAINTENANCE_QUEUE, SWEEP
from core.settings import Settings
from worker.broker import Broker, broker_settings

#: Seconds without an answer after which a link to Redis counts as dead.
_SOCKET_TIMEOUT = 5.0

#: Seconds between two clean-ups of the bucket.
_ORPHAN_INTERVAL = 300.0

#: Seconds between two runs of the retention.
_RETENTION_INTERVAL = 60.0


def build_celery(settings: Settings, *, include: list[str]) -> Celery:
    """The app of a worker that runs the tasks of the given modules, or of beat (no module)."""
    app = Celery("darkroom", include=include, amqp=Broker)
    app.conf.update(
        broker_settings(settings.redis_url, socket_timeout=_SOCKET_TIMEOUT),
        # A message is only a ring, so it is taken off the queue at once. Only the lease recovers a job: redelivery would
        # be a second recovery, and only add duplicates.
        task_acks_late=False,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        # Redis may be away for days: the worker never gives up.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # Nor does it for an error that Redis answers: a replica after a failover, or no memory left.
        broker_channel_error_retry=True,
        # Commands to workers through Redis are not needed.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        timezone="UTC",
        beat_scheduler="celery.beat:Scheduler",
        beat_schedule={
            SWEEP: _every(settings.sweep_seconds, SWEEP),
            DELETE_ORPHANS: _every(_ORPHAN_INTERVAL, DELETE_ORPHANS),
            APPLY_RETENTION: _every(_RETENTION_INTERVAL, APPLY_RETENTION),
        },
    )
    return app


def _every(seconds: float, task: str) -> dict[str, object]:
    # Without an expiry, which would compare the clocks of two hosts. A late message only costs a run that finds nothing.
    return {"task": task, "schedule": seconds, "options": {"queue": MAINTENANCE_QUEUE}}
