"""Whether a model's jobs would be drawn now, and what is missing for that."""

from __future__ import annotations

from typing import NamedTuple

from core.jobs.queue.outlook import PoolOutlook


class Readiness(NamedTuple):
    """What a job of the model would meet."""

    #: Whether a worker is there that draws it.
    is_ready: bool
    #: Whether one of them has it in memory, so that no job waits for its loading.
    is_resident: bool
    #: What is missing, as a sentence; None: nothing.
    reason: str | None


def find_readiness(outlook: PoolOutlook, *, pool: str, model: str, is_available: bool) -> Readiness:
    """Returns what a job of the model would meet in its pool. `is_available`: whether its weights were fetched here."""
    reason = _find_reason(outlook, pool, model, is_available=is_available)
    is_resident = reason is None and model in outlook.loaded
    return Readiness(reason is None, is_resident, reason)


def explain_absence(outlook: PoolOutlook, *, pool: str, model: str) -> str:
    """What to do where no running worker serves the model."""
    if not outlook.workers:
        return (
            f"No worker of the pool {pool!r}, which serves the model {model!r}, is running: start one with RENDER_POOL={pool} "
            "(`python -m worker render`)."
        )
    return (
        f"No running worker of the pool {pool!r} serves the model {model!r}: fetch it there (`darkroom-models fetch {model}`), or "
        "start a worker whose models file has it."
    )


def _find_reason(outlook: PoolOutlook, pool: str, model: str, *, is_available: bool) -> str | None:
    if not is_available:
        return f"Its weights have not been fetched: `darkroom-models fetch {model}`."
    if outlook.is_paused:
        return f"An operator has paused the pool {pool!r}: its jobs wait until that is over."
    if model in outlook.paused_models:
        return f"An operator has paused the model {model!r}: its jobs wait until that is over."
    return None if outlook.serves(model) else explain_absence(outlook, pool=pool, model=model)
