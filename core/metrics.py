"""Every metric of the service, in one table; the API and each worker serve what they know of it at `/metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

#: From a job becoming available to its claim, by pool.
QUEUE_WAIT_SECONDS = Histogram(
    "queue_wait_seconds",
    "Seconds from a job becoming available to its claim.",
    ["pool"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
    registry=REGISTRY,
)
#: From having its model in memory to the encoded pixels, by model.
RENDER_DURATION_SECONDS = Histogram(
    "render_duration_seconds",
    "Seconds from a job having its model in memory to its encoded images.",
    ["model"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300),
    registry=REGISTRY,
)
UPLOAD_DURATION_SECONDS = Histogram(
    "upload_duration_seconds",
    "Seconds that storing a job's images took.",
    registry=REGISTRY,
)
#: `outcome` is loaded or unavailable.
MODEL_LOADS = Counter("model_loads_total", "Loads of models into memory.", ["model", "outcome"], registry=REGISTRY)
MODEL_EVICTIONS = Counter(
    "model_evictions_total", "Models evicted to make room for others.", ["model"], registry=REGISTRY
)
MODEL_RESIDENT_BYTES = Gauge(
    "model_resident_bytes", "Bytes that models take on the device, what they share counted once.", registry=REGISTRY
)
MODEL_LOAD_SECONDS = Histogram(
    "model_load_seconds",
    "Seconds from having room for a model to its being ready.",
    ["model"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300),
    registry=REGISTRY,
)
#: `status` is the job's after the attempt: succeeded, failed, cancelled, or queued for another try.
ATTEMPTS_FINISHED = Counter(
    "render_jobs_finished_total",
    "Attempts ended, by where their job stands after and by failure code.",
    ["status", "failure_code"],
    registry=REGISTRY,
)
LEASES_LOST = Counter("leases_lost_total", "Attempts whose lease ran out before they ended.", registry=REGISTRY)
JOBS_RESCUED = Counter("jobs_rescued_total", "Jobs taken back from an expired lease.", registry=REGISTRY)
JOBS_OVERDUE = Counter(
    "jobs_overdue_total",
    "Jobs that the sweep ended because their time was over, by failure code.",
    ["failure_code"],
    registry=REGISTRY,
)
JOBS_EXPIRED = Counter("jobs_expired_total", "Jobs whose images were deleted by policy.", registry=REGISTRY)
JOBS_PRUNED = Counter("jobs_pruned_total", "Jobs whose rows were deleted by policy.", registry=REGISTRY)
#: By the API at once, or later by the dispatcher.
JOBS_DELETED = Counter("jobs_deleted_total", "Jobs deleted because somebody asked for it.", registry=REGISTRY)
MESSAGES_REFUSED = Counter(
    "messages_refused_total", "Messages from Redis that could not be read, and were thrown away.", registry=REGISTRY
)
#: Encodings of prompts that a job needed, by model: those another job had paid for, and those that ran.
PROMPT_CACHE_HITS = Counter(
    "prompt_cache_hits_total", "Prompts whose encoding was found in the cache.", ["model"], registry=REGISTRY
)
PROMPT_CACHE_MISSES = Counter(
    "prompt_cache_misses_total", "Prompts that had to be encoded.", ["model"], registry=REGISTRY
)
PROMPT_CACHE_BYTES = Gauge("prompt_cache_bytes", "Bytes of the encoded prompts that are kept.", registry=REGISTRY)
#: `outcome` is delivered, retry, exhausted, cancelled or overtaken.
WEBHOOK_ATTEMPTS = Counter("webhook_attempts_total", "Webhook POSTs by outcome.", ["outcome"], registry=REGISTRY)
#: `outcome` is decoded, refused (the request is answered with 422), busy or failed (with 503).
PICTURES_DECODED = Counter(
    "pictures_decoded_total", "Pictures in requests, by what became of them.", ["outcome"], registry=REGISTRY
)
PICTURE_DECODE_SECONDS = Histogram(
    "picture_decode_seconds", "Seconds that a picture was with its decoder.", registry=REGISTRY
)
HTTP_REQUESTS = Counter(
    "http_requests_total", "HTTP requests by route and status.", ["method", "route", "status"], registry=REGISTRY
)
HTTP_DURATION_SECONDS = Histogram(
    "http_request_duration_seconds", "Seconds to answer an HTTP request.", ["method", "route"], registry=REGISTRY
)

#: Read from the database when the API is asked, by pool: gauges of the whole service, not of one process.
QUEUE_DEPTH = "queue_depth"
QUEUE_OLDEST_WAIT_SECONDS = "queue_oldest_wait_seconds"
JOBS_RUNNING = "jobs_running"
WEBHOOK_DELIVERIES_DUE = "webhook_deliveries_due"
