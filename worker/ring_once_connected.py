"""A worker rings for itself when it has connected to Redis: rings may have been lost while it was not connected."""

from __future__ import annotations

from typing import Any

import structlog
from celery import Celery, bootsteps

from core.logs import describe_error

_log = structlog.get_logger()


def ring_once_connected(app: Celery, queue: str, task: str) -> None:
    """Send one message for the task whenever a worker of this app has connected: at its start and after a lost link."""

    class Ring(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            try:
                consumer.app.send_task(
                    task, queue=queue, connection=consumer.connection, retry=False, ignore_result=True
                )
            except Exception as error:  # noqa: BLE001
                # The sweep rings too; and if the link is lost again, the consumer itself notices.
                _log.warning("not_rung_once_connected", queue=queue, error=describe_error(error))

    app.steps["consumer"].add(Ring)
