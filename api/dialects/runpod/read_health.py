"""`health` and `purge-queue`: what becomes of the jobs of a model, and who is there to draw them."""

from __future__ import annotations

from flask import Response, jsonify

from api.authentication import current_account_id
from api.dialects.runpod.blueprint import runpod_blueprint
from api.translation.jobs import cancel_queued
from core.catalog import get_catalog
from core.database import transaction
from core.jobs.own_queue.job_counts import count_jobs
from core.jobs.own_queue.running_batches import BusyWorker, list_busy_workers

#: Seconds for the jobs that are cancelled together: the client waits three.
_SECONDS = 2.0


@runpod_blueprint.get("/<endpoint_id>/health")
def read_health(endpoint_id: str) -> Response:
    """Jobs of the account, of the last day, and workers that serve the model."""
    pool = get_catalog().get(endpoint_id).pool
    with transaction() as session:
        jobs = count_jobs(session, account_id=current_account_id(), model=endpoint_id)
        workers = list_busy_workers(session, account_id=current_account_id())
    states = [_name_state(worker, endpoint_id) for worker in workers if worker.pool == pool]
    names = ("idle", "initializing", "ready", "running", "throttled", "unhealthy")
    return jsonify(
        jobs={
            "completed": jobs.succeeded,
            "failed": jobs.failed,
            "inProgress": jobs.running,
            "inQueue": jobs.queued,
            "retried": jobs.retried,
        },
        workers={name: sum(name in each for each in states) for name in names},
    )


@runpod_blueprint.post("/<endpoint_id>/purge-queue")
def purge_queue(endpoint_id: str) -> Response:
    """Cancels the account's jobs of the model that wait; `status` is `partial` if there are more: send it again."""
    get_catalog().get(endpoint_id)
    removed, has_more = cancel_queued(endpoint_id, seconds=_SECONDS)
    return jsonify(removed=removed, status="partial" if has_more else "completed")


def _name_state(worker: BusyWorker, model: str) -> set[str]:
    """What the worker is: RunPod counts one that is ready among the idle, or the running, as well."""
    if not worker.is_live:
        return {"unhealthy"}
    if worker.is_draining:
        return {"throttled"}
    state = {"running" if worker.batches else "idle"}
    if model in worker.loading:
        return {"initializing"}
    return state | {"ready"} if model in worker.loaded else state
