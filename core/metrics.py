"""Every metric of the service, in one table, and which process serves which at `/metrics`.

A process counts what it does itself, and Prometheus adds the processes up. What is true of the whole service stands in one
place alone (`worker/maintenance/queue_collector.py`), so that a sum over all processes is right for every family.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.registry import Collector

#: What each process serves. Beat serves nothing.
API, RENDERER, DISPATCHER = REGISTRIES = [CollectorRegistry() for _ in range(3)]

_Served = TypeVar("_Served", bound=Collector)


def _serve(registries: list[CollectorRegistry], metric: _Served) -> _Served:
    for registry in registries:
        registry.register(metric)
    return metric


def _read_version() -> str:
    try:
        return version("darkroom-server")
    except PackageNotFoundError:  # run from a checkout that nobody has installed
        return "unknown"


_RENDER_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)

# Of every process: what it is, and the library's own families (`process_`, `python_`), as every Python service has them.
BUILD = _serve(REGISTRIES, Info("darkroom_build", "The release that this process runs.", registry=None))
BUILD.info({"version": _read_version()})
_serve(REGISTRIES, ProcessCollector(registry=None))
_serve(REGISTRIES, PlatformCollector(registry=None))
# It insists on a registry of its own.
_serve(REGISTRIES, GCCollector(CollectorRegistry()))

#: `outcome` is sent or failed: Redis did not take it, or was not tried because it had just failed.
RINGS = _serve(
    REGISTRIES,
    Counter(
        "darkroom_doorbell_rings_total", "Rings for workers through Redis, by outcome.", ["outcome"], registry=None
    ),
)
# Bound here, so that both are served from the start: the first failure is then a growth.
RINGS_SENT, RINGS_FAILED = RINGS.labels("sent"), RINGS.labels("failed")

#: `outcome` is sent or lost: Redis did not take it, or was not tried because it had just failed. Rows show the state later.
LIVE_EVENTS = _serve(
    REGISTRIES,
    Counter("darkroom_live_events_total", "News of jobs sent through Redis, by outcome.", ["outcome"], registry=None),
)
LIVE_EVENTS_SENT, LIVE_EVENTS_LOST = LIVE_EVENTS.labels("sent"), LIVE_EVENTS.labels("lost")

# Of the API
HTTP_REQUESTS = _serve(
    [API],
    Counter(
        "darkroom_http_requests_total",
        "HTTP requests by route and status.",
        ["method", "route", "status"],
        registry=None,
    ),
)
HTTP_DURATION_SECONDS = _serve(
    [API],
    Histogram(
        "darkroom_http_request_duration_seconds",
        "Seconds to answer an HTTP request.",
        ["method", "route"],
        registry=None,
    ),
)
#: `outcome` is decoded, refused (the request is answered with 422), busy or failed (with 503).
PICTURES_DECODED = _serve(
    [API, DISPATCHER],
    Counter(
        "darkroom_pictures_decoded_total",
        "Pictures in requests, by what became of them.",
        ["outcome"],
        registry=None,
    ),
)
PICTURE_DECODE_SECONDS = _serve(
    [API, DISPATCHER],
    Histogram("darkroom_picture_decode_seconds", "Seconds that a picture was with its decoder.", registry=None),
)

LIVE_STREAMS = _serve(
    [API], Gauge("darkroom_streams_open", "Connections on which events of jobs are sent.", registry=None)
)
LIVE_WAITS = _serve(
    [API], Gauge("darkroom_waits_open", "Requests that wait for a job, and take no thread.", registry=None)
)
#: `reason` is slow (it did not read what was sent) or gone.
STREAMS_DROPPED = _serve(
    [API],
    Counter(
        "darkroom_streams_dropped_total", "Event streams that ended before their job did.", ["reason"], registry=None
    ),
)

# Of the API and the dispatcher
#: By the API at once, or later by the dispatcher.
JOBS_DELETED = _serve(
    [API, DISPATCHER],
    Counter("darkroom_jobs_deleted_total", "Jobs deleted because somebody asked for it.", registry=None),
)

# Of the dispatcher
#: `outcome` is fetched, retry, refused (the job fails), or ended (the job had ended).
INPUT_FETCHES = _serve(
    [DISPATCHER],
    Counter(
        "darkroom_input_fetches_total",
        "Tries to fetch the pictures that a job names by address, by outcome.",
        ["outcome"],
        registry=None,
    ),
)

#: `status` is finished or cancelled.
SWEEPS_ENDED = _serve(
    [DISPATCHER],
    Counter(
        "darkroom_sweeps_ended_total", "Sweeps whose jobs have all ended, by their status.", ["status"], registry=None
    ),
)

# Of workers
#: From a job becoming available to its claim, by pool.
QUEUE_WAIT_SECONDS = _serve(
    [RENDERER],
    Histogram(
        "darkroom_queue_wait_seconds",
        "Seconds from a job becoming available to its claim.",
        ["pool"],
        buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
        registry=None,
    ),
)
#: From having its model in memory to the encoded pixels, by model.
RENDER_DURATION_SECONDS = _serve(
    [RENDERER],
    Histogram(
        "darkroom_render_duration_seconds",
        "Seconds from a job having its model in memory to its encoded images.",
        ["model"],
        buckets=_RENDER_SECONDS,
        registry=None,
    ),
)
UPLOAD_DURATION_SECONDS = _serve(
    [RENDERER],
    Histogram("darkroom_upload_duration_seconds", "Seconds that storing a job's images took.", registry=None),
)
#: `outcome` is loaded or unavailable.
MODEL_LOADS = _serve(
    [RENDERER],
    Counter("darkroom_model_loads_total", "Loads of models into memory.", ["model", "outcome"], registry=None),
)
MODEL_EVICTIONS = _serve(
    [RENDERER],
    Counter("darkroom_model_evictions_total", "Models evicted to make room for others.", ["model"], registry=None),
)
MODEL_RESIDENT_BYTES = _serve(
    [RENDERER],
    Gauge(
        "darkroom_model_resident_bytes",
        "Bytes that models take on the device, what they share counted once.",
        registry=None,
    ),
)
MODEL_LOAD_SECONDS = _serve(
    [RENDERER],
    Histogram(
        "darkroom_model_load_seconds",
        "Seconds from having room for a model to its being ready.",
        ["model"],
        buckets=_RENDER_SECONDS,
        registry=None,
    ),
)
COMPILED_GRAPHS = _serve(
    [RENDERER],
    Counter("darkroom_compiled_graphs_total", "Graphs of denoisers' blocks that were compiled.", registry=None),
)
UNCOMPILED_BLOCK_CALLS = _serve(
    [RENDERER],
    Counter(
        "darkroom_uncompiled_block_calls_total",
        "Calls of blocks that are to be compiled, and ran as they are.",
        ["model"],
        registry=None,
    ),
)
LEASES_LOST = _serve(
    [RENDERER],
    Counter("darkroom_leases_lost_total", "Attempts whose lease ran out before they ended.", registry=None),
)
#: Encodings of prompts that a job needed, by model: those another job had paid for, and those that ran.
PROMPT_CACHE_HITS = _serve(
    [RENDERER],
    Counter(
        "darkroom_prompt_cache_hits_total", "Prompts whose encoding was found in the cache.", ["model"], registry=None
    ),
)
PROMPT_CACHE_MISSES = _serve(
    [RENDERER],
    Counter("darkroom_prompt_cache_misses_total", "Prompts that had to be encoded.", ["model"], registry=None),
)
PROMPT_CACHE_BYTES = _serve(
    [RENDERER], Gauge("darkroom_prompt_cache_bytes", "Bytes of the encoded prompts that are kept.", registry=None)
)
#: Threads, each of which renders one job at a time: RENDER_CONCURRENCY.
WORKER_SLOTS = _serve([RENDERER], Gauge("darkroom_worker_slots", "Jobs that this worker can hold.", registry=None))
WORKER_SLOTS_IN_USE = _serve(
    [RENDERER], Gauge("darkroom_worker_slots_in_use", "Jobs that this worker holds now.", registry=None)
)
BATCH_ROWS = _serve(
    [RENDERER],
    Histogram(
        "darkroom_batch_rows",
        "Rows that one forward of a denoiser computes, of one or of several jobs.",
        ["model"],
        buckets=(1, 2, 4, 8, 16, 32, 64),
        registry=None,
    ),
)

# Of workers and the dispatcher
#: `status` is the job's after the attempt: succeeded, failed, cancelled, or queued for another try.
ATTEMPTS_FINISHED = _serve(
    [RENDERER, DISPATCHER],
    Counter(
        "darkroom_render_jobs_finished_total",
        "Attempts ended, by where their job stands after and by failure code.",
        ["status", "failure_code"],
        registry=None,
    ),
)
MESSAGES_REFUSED = _serve(
    [RENDERER, DISPATCHER],
    Counter(
        "darkroom_messages_refused_total",
        "Messages from Redis that could not be read, and were thrown away.",
        registry=None,
    ),
)

# Of the dispatcher
JOBS_RESCUED = _serve(
    [DISPATCHER], Counter("darkroom_jobs_rescued_total", "Jobs taken back from an expired lease.", registry=None)
)
JOBS_OVERDUE = _serve(
    [DISPATCHER],
    Counter(
        "darkroom_jobs_overdue_total",
        "Jobs that the sweep ended because their time was over, by failure code.",
        ["failure_code"],
        registry=None,
    ),
)
JOBS_EXPIRED = _serve(
    [DISPATCHER], Counter("darkroom_jobs_expired_total", "Jobs whose images were deleted by policy.", registry=None)
)
JOBS_PRUNED = _serve(
    [DISPATCHER], Counter("darkroom_jobs_pruned_total", "Jobs whose rows were deleted by policy.", registry=None)
)
#: `outcome` is delivered, retry, exhausted, cancelled or overtaken.
WEBHOOK_ATTEMPTS = _serve(
    [DISPATCHER],
    Counter("darkroom_webhook_attempts_total", "Webhook POSTs by outcome.", ["outcome"], registry=None),
)

# Of the whole service, read from the database when a dispatcher is asked; by pool but for the last.
QUEUE_DEPTH = "darkroom_queue_depth"
QUEUE_OLDEST_WAIT_SECONDS = "darkroom_queue_oldest_wait_seconds"
JOBS_RUNNING = "darkroom_jobs_running"
WORKERS_LIVE = "darkroom_workers_live"
WEBHOOK_DELIVERIES_DUE = "darkroom_webhook_deliveries_due"
