"""`python -m worker render | dispatch | beat`: start one of the background processes."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import socket
from collections.abc import Callable

import celery.apps.worker
import structlog
from celery import Celery
from celery.signals import setup_logging, worker_ready, worker_shutdown, worker_shutting_down
from prometheus_client import CollectorRegistry

import core.schema  # noqa: F401  (every table, so that foreign keys find theirs)
from core import metrics
from core.catalog import get_catalog
from core.command_line import run_command_line
from core.database import enforce_checkout_deadline, get_engine, refuse_unfit_sessions
from core.doorbell import (
    DELIVER_NEXT,
    FETCH_QUEUE,
    MAINTENANCE_QUEUE,
    RENDER_NEXT,
    SWEEPS_QUEUE,
    WEBHOOK_QUEUE,
    get_doorbell,
    render_queue,
)
from core.live_events.sender import get_event_sender
from core.logs import take_over_output
from core.printed import hand_over_handlers
from core.redis_link.address import parse_redis_url
from core.settings import Settings, get_settings
from core.warm_up import warm_up, warm_up_connections
from worker.celery_app import build_celery
from worker.drain_notice import install_drain_notices
from worker.metrics_server import start_metrics_server
from worker.ring_once_connected import ring_once_connected
from worker.wake_consumer import wake_consumer_after_tasks

_log = structlog.get_logger()

#: Threads of the dispatcher that webhooks, fetches and sheets never take.
_MAINTENANCE_THREADS = 2

#: A renderer's statements take milliseconds. If an answer takes longer than this share of the lease, it reconnects: there
#: is still time to renew the lease. Never sooner than after the seconds below.
_SHARE_OF_LEASE = 1 / 3
_LEAST_PATIENCE_SECONDS = 4.0

#: The removal of old rows takes long, but no statement of it takes longer than 15 s.
_DISPATCHER_PATIENCE_SECONDS = 20.0


def main() -> None:
    """Run the process that the command line names until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    parser.add_argument("role", choices=["render", "dispatch", "beat"])
    role = parser.parse_args().role

    settings = get_settings()
    take_over_output(settings)
    # With any receiver of this signal Celery leaves the logging as we have just set it up.
    setup_logging.connect(_keep_our_logging)
    # What it says when a signal ends it goes past all streams of Python; the signals' receivers log it.
    celery.apps.worker.safe_say = _say_nothing
    if role != "beat":  # which knows no database
        refuse_unfit_sessions()
    run = {"render": run_renderer, "dispatch": run_dispatcher, "beat": run_beat}[role]
    run_command_line("darkroom", lambda: run(settings))


def run_renderer(settings: Settings) -> None:
    """Render jobs of one pool: the only process that loads torch."""
    # Before torch, which takes seconds: what is wrong with the models file is one line, at once.
    get_catalog()
    # Imports leave little garbage, and looking for it takes a fifth of their time.
    gc.disable()
    from worker.rendering.runtime import get_runtime

    app = build_celery(settings, include=["worker.rendering.tasks"])
    # What is here by now stays as long as the process: looking through it for garbage would hold up every job for part of
    # a second, at each eviction of a model and in between. Models come later, and are looked through.
    gc.collect()
    gc.freeze()
    gc.enable()
    hand_over_handlers()
    get_runtime().start()
    hand_over_handlers()
    queue = render_queue(settings.render_pool)
    ring_once_connected(app, queue, RENDER_NEXT)
    _run_worker(
        app,
        settings,
        queues=[queue],
        threads=settings.render_concurrency,
        patience_seconds=_renderers_patience_seconds(settings),
        prepare=warm_up,
        registry=metrics.RENDERER,
    )


def run_dispatcher(settings: Settings) -> None:
    """Deliver webhooks, fetch pictures, draw contact sheets, sweep, and serve the gauges of the whole service."""
    from worker.fetches.fetch_pictures import get_fetch_slots
    from worker.maintenance.queue_collector import build_queue_collector
    from worker.sheets.end_sweeps import SHEET_THREADS, get_sheet_slots
    from worker.webhooks.deliver import get_delivery_slots

    tasks = ("webhooks", "fetches", "sheets", "maintenance")
    app = build_celery(settings, include=[f"worker.{name}.tasks" for name in tasks])
    queues = build_queue_collector(settings)
    worker_ready.connect(lambda **_: metrics.DISPATCHER.register(queues), weak=False)
    worker_shutdown.connect(lambda **_: queues.lead.release(), weak=False)
    worker_shutting_down.connect(lambda **_: get_delivery_slots().close(), weak=False)
    worker_shutting_down.connect(lambda **_: get_fetch_slots().close(), weak=False)
    worker_shutting_down.connect(lambda **_: get_sheet_slots().close(), weak=False)
    ring_once_connected(app, WEBHOOK_QUEUE, DELIVER_NEXT)
    # Deliveries, fetches and sheets never take more than their own number of threads, so that they cannot hold up the sweep.
    threads = settings.webhook_concurrency + settings.fetch_concurrency + SHEET_THREADS + _MAINTENANCE_THREADS
    _run_worker(
        app,
        settings,
        queues=[WEBHOOK_QUEUE, FETCH_QUEUE, SWEEPS_QUEUE, MAINTENANCE_QUEUE],
        threads=threads,
        patience_seconds=_DISPATCHER_PATIENCE_SECONDS,
        # It submits and renders nothing; the models file is read when the first picture has been fetched.
        prepare=warm_up_connections,
        registry=metrics.DISPATCHER,
    )


def run_beat(settings: Settings) -> None:
    """Ring for the sweep and the other periodic work when it is due. A second beat does no harm."""
    app = build_celery(settings, include=[])
    schedule = {name: entry["schedule"] for name, entry in app.conf.beat_schedule.items()}
    _log.info("beat_started", redis=parse_redis_url(settings.redis_url).shown, seconds_between_rings=schedule)
    app.Beat(quiet=True).run()


def _run_worker(
    app: Celery,
    settings: Settings,
    *,
    queues: list[str],
    threads: int,
    patience_seconds: float,
    prepare: Callable[[], None],
    registry: CollectorRegistry,
) -> None:
    """Prepare, and take work until a signal ends the process. It waits at most `patience_seconds` for an answer of the
    database.
    """

    @worker_ready.connect(weak=False)
    def finish_starting(**_: object) -> None:
        # Celery's cold shutdown stops the pool before it announces the shutdown, so SIGQUIT starts the warm one too.
        signal.signal(signal.SIGQUIT, signal.getsignal(signal.SIGTERM))
        install_drain_notices(settings.drain_file)
        start_metrics_server(settings, registry)

    worker_shutting_down.connect(_log_shutdown, weak=False)
    # The rings and the news of the last jobs that ended are still being sent.
    worker_shutdown.connect(lambda **_: get_doorbell().flush(), weak=False)
    worker_shutdown.connect(lambda **_: get_event_sender().flush(), weak=False)
    wake_consumer_after_tasks()
    enforce_checkout_deadline(get_engine(), patience_seconds)
    prepare()
    _log.info("worker_starting", queues=queues, threads=threads)
    app.worker_main(
        [
            # Without the banner; the line above says the same.
            "--quiet",
            "worker",
            "--pool=threads",
            f"--concurrency={threads}",
            f"--queues={','.join(queues)}",
            f"--hostname={queues[0]}@{socket.gethostname()}-{os.getpid()}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            f"--loglevel={settings.log_level}",
        ]
    )


def _renderers_patience_seconds(settings: Settings) -> float:
    return max(_LEAST_PATIENCE_SECONDS, settings.lease_seconds * _SHARE_OF_LEASE)


def _log_shutdown(sig: str = "", how: str = "", **_: object) -> None:
    _log.info("worker_stopping", signal=sig, how=how.lower())


def _say_nothing(*_: object) -> None:
    """In place of Celery's words to a terminal."""


def _keep_our_logging(**_: object) -> None:
    """Celery only looks at whether there is a receiver."""


if __name__ == "__main__":
    main()
