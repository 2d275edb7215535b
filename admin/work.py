"""The operator's commands about workers: who is there, and pausing a pool or a model so that its device is free."""

from __future__ import annotations

import argparse

from core.catalog import get_catalog
from core.database import transaction
from core.doorbell import RENDER_NEXT, get_doorbell, render_queue
from core.errors import DarkroomError
from core.jobs.queue.pause_work import pause_work, resume_work
from core.pools.pauses import list_pauses
from core.pools.presence import SeenWorker, list_workers
from core.settings import get_settings

#: Rings for a pool that is resumed: each wakes a thread of a worker, which renders until nothing is left.
_RINGS = 16


def add_work_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """Adds `workers`, `pause` and `resume`, and returns their parsers."""
    workers = commands.add_parser("workers", help="show the rendering workers that are there, and what is paused")
    workers.set_defaults(run=_list_workers)

    pause = commands.add_parser(
        "pause",
        help="let no job of a pool or a model start; running ones are put back with a checkpoint, and the memory of the models is "
        "released",
    )
    resume = commands.add_parser("resume", help="end a pause")
    for command, run in ((pause, _pause), (resume, _resume)):
        command.add_argument("--pool", help="the pool (RENDER_POOL); without it, the one that serves the model")
        command.add_argument("--model", help="only this model; without it, the whole pool")
        command.set_defaults(run=run)
    return [workers, pause, resume]


def _list_workers(_arguments: argparse.Namespace) -> dict[str, str]:
    with transaction() as session:
        workers, pauses = list_workers(session), list_pauses(session)
    shown = {worker.worker_id: _describe(worker) for worker in workers}
    for pause in pauses:
        shown[f"paused since {pause.created_at:%Y-%m-%d %H:%M} UTC"] = (
            f"pool {pause.pool}" if pause.model is None else f"model {pause.model} in pool {pause.pool}"
        )
    return shown or {"workers": "none"}


def _describe(worker: SeenWorker) -> str:
    state = "draining" if worker.is_draining else "live"
    if not worker.is_live:
        state = f"silent for {worker.silent_seconds:.0f} s"
    loaded = ", ".join(worker.loaded) or "nothing"
    loading = f", loading {', '.join(worker.loading)}" if worker.loading else ""
    return (
        f"{state}, pool {worker.pool}, since {worker.started_at:%Y-%m-%d %H:%M} UTC, {worker.slots} slots, "
        f"has {loaded}{loading}, serves {', '.join(worker.models) or 'nothing'}"
    )


def _pause(arguments: argparse.Namespace) -> dict[str, str]:
    pool, model = _name_work(arguments)
    _check_pool(pool)
    is_new = pause_work(pool=pool, model=model)
    return {"paused": _show(pool, model), "since": "now" if is_new else "before"}


def _resume(arguments: argparse.Namespace) -> dict[str, str]:
    pool, model = _name_work(arguments)
    if not resume_work(pool=pool, model=model, max_running_jobs=get_settings().account_max_running_jobs):
        raise DarkroomError(f"{_show(pool, model)} is not paused; `darkroom-admin workers` shows what is")
    get_doorbell().ring(render_queue(pool), RENDER_NEXT, times=_RINGS)
    return {"resumed": _show(pool, model)}


def _name_work(arguments: argparse.Namespace) -> tuple[str, str | None]:
    """The pool, and the model in it. Raises DarkroomError if there is no such thing."""
    pool, model = arguments.pool, arguments.model
    if model is None:
        return pool or get_settings().render_pool, None
    entry = get_catalog().find(model)
    if entry is None:
        raise DarkroomError(f"--model: there is no model {model!r} in the models file")
    if pool not in {None, entry.pool}:
        raise DarkroomError(f"--pool: the model {model!r} is served by the pool {entry.pool!r}")
    return entry.pool, model


def _check_pool(pool: str) -> None:
    """A pause of a misspelt pool would look as if it worked. Raises DarkroomError."""
    with transaction() as session:
        known = {worker.pool for worker in list_workers(session)}
    known |= {entry.pool for entry in get_catalog().models.values()}
    if pool not in known:
        raise DarkroomError(f"--pool: there is no pool {pool!r}, but {', '.join(sorted(known))}")


def _show(pool: str, model: str | None) -> str:
    return f"pool {pool}" if model is None else f"model {model} in pool {pool}"
